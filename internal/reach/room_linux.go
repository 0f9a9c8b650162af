package reach

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Room returns n bytes that cost no page fault any more, so that they do not prolong a pause; FreeRoom gives them back.
func Room(n int) []byte { return roomAnd(n, 0) }

// roomAnd is Room with more bytes behind the n, which do cost page faults, and take no memory until they are used.
func roomAnd(n, more int) []byte {
	if n == 0 {
		return nil
	}
	b, err := unix.Mmap(-1, 0, n+more, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_NORESERVE)
	if err != nil {
		return make([]byte, n+more)
	}
	// Without the advice, which old kernels do not know, it is only slower.
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE)
	_ = unix.Madvise(b[:n], unix.MADV_POPULATE_WRITE)
	return b
}

// SettleRoom keeps the system from filling again, with huge pages, what DropRoom will give back of a part of what Room
// returned.
func SettleRoom(b []byte) {
	if len(b) > 0 {
		_ = unix.Madvise(b, unix.MADV_NOHUGEPAGE) // an error means that there are none
	}
}

// DropRoom gives back the whole pages in a part of what Room returned.
func DropRoom(b []byte) {
	if len(b) == 0 {
		return
	}
	from := int(-uintptr(unsafe.Pointer(&b[0])) & (pageSize - 1))
	if n := (len(b) - from) &^ (pageSize - 1); n > 0 {
		_ = unix.Madvise(b[from:from+n], unix.MADV_DONTNEED) // otherwise it is kept for longer
	}
}

// FreeRoom gives back what Room returned.
func FreeRoom(b []byte) {
	if b != nil {
		_ = unix.Munmap(b) // an error means that it is of make
	}
}
