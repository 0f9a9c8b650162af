package reach

import "golang.org/x/sys/unix"

// Room returns n bytes that cost no page fault any more, so that they do not prolong a pause; FreeRoom gives them back.
func Room(n int) []byte {
	if n == 0 {
		return nil
	}
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		return make([]byte, n)
	}
	// Without the advice, which old kernels do not know, it is only slower.
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	_ = unix.Madvise(b, unix.MADV_POPULATE_WRITE)
	return b
}

// TrimRoom gives back the last part of what Room returned, from a byte on.
func TrimRoom(b []byte, from int) {
	if from = (from + pageSize - 1) &^ (pageSize - 1); from < len(b) {
		_ = unix.Madvise(b[from:], unix.MADV_DONTNEED) // otherwise it is kept for longer
	}
}

// FreeRoom gives back what Room returned.
func FreeRoom(b []byte) {
	if b != nil {
		_ = unix.Munmap(b) // an error means that it is of make
	}
}
