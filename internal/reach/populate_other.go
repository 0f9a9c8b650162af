//go:build !linux

package reach

// populate returns n bytes that have been written, so that they cost no page fault any more.
func populate(n int) []byte {
	b := make([]byte, n)
	for i := 0; i < n; i += pageSize {
		b[i] = 0
	}
	return b
}

// discard gives back the last part of what populate returned, from a byte on.
func discard(b []byte, from int) {}

// free gives back what populate returned.
func free(b []byte) {}
