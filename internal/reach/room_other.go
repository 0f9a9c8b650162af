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

// roomAnd is Room with more bytes behind the n, which do cost page faults.
func roomAnd(n, more int) []byte { return append(Room(n), make([]byte, more)...) }

// DropRoom gives back the whole pages in a part of what Room returned.
func DropRoom(b []byte) {}

// FreeRoom gives back what Room returned.
func FreeRoom(b []byte) {}

// SettleRoom does nothing.
func SettleRoom([]byte) {}
