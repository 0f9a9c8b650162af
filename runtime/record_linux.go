//go:build linux && (amd64 || arm64) && !awaittrace_portable

package runtime

import (
	"syscall"
	"unsafe"
)

// The room of the record. Unused room takes address space only.
const (
	defaultSlots = 1 << 18
	objCap       = MaxObjects
	siteCap      = MaxSites
	strCap       = MaxStrings
)

const madvPopulateWrite = 23

// shared reports whether the record is in a file or an anonymous file. file is its path; empty: it has none. Without
// MADV_POPULATE_WRITE, reserve opens it again.
var (
	shared    bool
	file      string
	populates bool // the system has MADV_POPULATE_WRITE
)

// mapRecord maps memory for the record: a file in shared memory, or else an anonymous file, or else memory without a
// file. The pages before h.SiteOff may be touched. It returns nil if there is no memory.
func mapRecord(h *Header) unsafe.Pointer {
	var limit syscall.Rlimit
	h.Where = WhereLimit
	// Writing a file beyond the limit would be SIGXFSZ.
	if syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit) == nil && limit.Cur >= h.Size {
		if mem := mapFile(h); mem != nil {
			return mem
		}
		if mem := mapMemfd(h); mem != nil {
			return mem
		}
	}
	shared, file = false, ""
	// /proc/PID/maps lists shared memory, as /dev/zero, so that a reader finds the record. It takes no room until it is
	// touched.
	b, err := syscall.Mmap(-1, 0, int(h.Size), syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_SHARED|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		return mapPrivate(uintptr(h.Size))
	}
	return unsafe.Pointer(&b[0])
}

// mapMemfd maps the record from a file without a name, which readers find as /memfd:awaittrace in /proc/PID/maps. No
// mount limits its size.
func mapMemfd(h *Header) unsafe.Pointer {
	name := [...]byte{'a', 'w', 'a', 'i', 't', 't', 'r', 'a', 'c', 'e', 0}
	const (
		cloexec, allowSealing = 1, 2
		addSeals, sealShrink  = 1033, 2
	)
	fd, _, errno := syscall.Syscall(sysMemfdCreate, uintptr(unsafe.Pointer(&name)), cloexec|allowSealing, 0)
	if errno != 0 {
		return nil
	}
	defer syscall.Close(int(fd))
	file = ""
	mem := mapFd(int(fd), h)
	if mem != nil { // nobody can truncate it, which would be SIGBUS
		syscall.Syscall(syscall.SYS_FCNTL, fd, addSeals, sealShrink)
	}
	return mem
}

// mapFd gives the file its size and maps it. It returns nil if the file has no room for the pages before h.SiteOff.
func mapFd(fd int, h *Header) unsafe.Pointer {
	if syscall.Ftruncate(fd, int64(h.Size)) != nil {
		return nil
	}
	b, err := syscall.Mmap(fd, 0, int(h.Size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil
	}
	shared, populates, base = true, canPopulate(), unsafe.Pointer(&b[0])
	if reserve(0, uintptr(h.SiteOff)<<pageShift) != roomShared {
		syscall.Munmap(b)
		return nil
	}
	return base
}

// mapPrivate maps zeroed memory, which takes no room until it is touched. It returns nil if that fails.
func mapPrivate(size uintptr) unsafe.Pointer {
	b, err := syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		return nil
	}
	return unsafe.Pointer(&b[0])
}

// reserve makes sure that n bytes at off of the record can be touched: a page for which a tmpfs has no room is SIGBUS.
// If the file cannot grow, private memory replaces the pages.
//
//go:norace
func reserve(off, n uintptr) int {
	if !shared {
		return roomShared
	}
	start := uintptr(base) + off
	if populates && madvise(start, n) == 0 || !populates && allocate(off, n) {
		return roomShared
	}
	_, _, errno := syscall.Syscall6(syscall.SYS_MMAP, start, n, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_FIXED|syscall.MAP_NORESERVE, ^uintptr(0), 0)
	if errno != 0 {
		return roomNone
	}
	return roomOwn
}

// canPopulate reports whether the system has MADV_POPULATE_WRITE, as Linux has since 5.14: the call fails for address
// zero because nothing is mapped there. qemu's emulation of a processor ignores advice that it does not know, and
// reports success.
func canPopulate() bool { return madvise(0, 1<<pageShift) == syscall.ENOMEM }

//go:norace
func madvise(start, n uintptr) syscall.Errno {
	_, _, errno := syscall.Syscall(syscall.SYS_MADVISE, start, n, madvPopulateWrite)
	return errno
}

// allocate is reserve without MADV_POPULATE_WRITE. An anonymous file needs nothing, because nothing limits its size.
//
//go:norace
func allocate(off, n uintptr) bool {
	if file == "" {
		return true
	}
	fd, err := syscall.Open(file, syscall.O_RDWR|syscall.O_CLOEXEC|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return false
	}
	defer syscall.Close(fd)
	return syscall.Fallocate(fd, 0, int64(off), int64(n)) == nil
}
