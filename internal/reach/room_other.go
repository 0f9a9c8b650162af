//go:build !linux

package reach

// Room returns n bytes that have been written, so that they cost no page fault any more.
func Room(n int) []byte {
	b := make([]byte, n)
	for i := 0; i < n; i += pageSize {
		b[i] = 0
	}
	return b
}

// TrimRoom gives back the last part of what Room returned, from a byte on.
func TrimRoom(b []byte, from int) {}

// FreeRoom gives back what Room returned.
func FreeRoom(b []byte) {}
