//go:build (darwin || (linux && awaittrace_portable)) && (amd64 || arm64)

package runtime

import (
	"syscall"
	"unsafe"
)

// This file keeps the record in a mapped file on systems without /dev/shm, anonymous files and locks that a mapping
// keeps: macOS, and, to try that, Linux when built with the tag awaittrace_portable. The file is in a folder of the
// user's cache, on a disk. So it is small, and its pages are written with zeros before they are touched, so that a full
// disk is no fault.

// The room of the record.
const (
	defaultSlots = 1 << 15
	objCap       = 1 << 13
	siteCap      = 1 << 15
	strCap       = 8 << 20
)

// file is the path of the record; empty: it is in private memory.
var file string

// mapRecord maps memory for the record. The pages before h.SiteOff may be touched.
func mapRecord(h *Header) unsafe.Pointer {
	if mem := mapFile(h); mem != nil {
		return mem
	}
	file = ""
	return mapPrivate(uintptr(h.Size))
}

// mapFile maps the record from a new file in the user's folder, or returns nil; h.Where then says why.
func mapFile(h *Header) unsafe.Pointer {
	var limit syscall.Rlimit
	if h.Where = WhereLimit; syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit) != nil || limit.Cur < h.Size {
		return nil
	}
	folder := recordFolder()
	if h.Where = openFolder(folder); h.Where != WhereFile {
		return nil
	}
	sweepFolder(folder)
	h.Where = WhereNoRoom
	name := folder + "/" + itoa(h.Pid) + "-" + itoa(uint64(h.StartWall))
	fd, err := syscall.Open(name, syscall.O_RDWR|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC,
		0o600)
	if err != nil {
		return nil
	}
	defer syscall.Close(fd)
	file = name
	if syscall.Ftruncate(fd, int64(h.Size)) != nil || reserve(0, uintptr(h.SiteOff)<<pageShift) != roomShared {
		syscall.Unlink(name)
		return nil
	}
	b, err := syscall.Mmap(fd, 0, int(h.Size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		syscall.Unlink(name)
		return nil
	}
	h.Where = WhereFile
	return unsafe.Pointer(&b[0])
}

// zeros is what reserve writes. Nothing writes to it.
var zeros [64 << 10]byte

// reserve makes sure that n bytes at off of the record can be touched, by writing zeros; nothing has written them
// before. If the disk has no room, private memory replaces the pages.
//
//go:norace
func reserve(off, n uintptr) int {
	if file == "" {
		return roomShared
	}
	if writeZeros(off, n) {
		return roomShared
	}
	if base == nil {
		return roomNone
	}
	_, _, errno := syscall.Syscall6(syscall.SYS_MMAP, uintptr(base)+off, n, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_FIXED, ^uintptr(0), 0)
	if errno != 0 {
		return roomNone
	}
	return roomOwn
}

//go:norace
func writeZeros(off, n uintptr) bool {
	fd, err := syscall.Open(file, syscall.O_RDWR|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer syscall.Close(fd)
	for n > 0 {
		part := zeros[:]
		if uintptr(len(part)) > n {
			part = part[:n]
		}
		m, err := syscall.Pwrite(fd, part, int64(off))
		if err == syscall.EINTR {
			continue
		}
		if err != nil || m <= 0 {
			return false
		}
		off, n = off+uintptr(m), n-uintptr(m)
	}
	return true
}

// mapPrivate maps zeroed memory, which takes no room until it is touched. It returns nil if that fails.
func mapPrivate(size uintptr) unsafe.Pointer {
	b, err := syscall.Mmap(-1, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return nil
	}
	return unsafe.Pointer(&b[0])
}

// recordFolder returns the folder that records are kept in.
func recordFolder() string {
	if folder, _ := syscall.Getenv("AWAITTRACE_DIR"); folder != "" {
		return folder
	}
	home, _ := syscall.Getenv("HOME")
	cache := home + cacheFolder
	if xdg, _ := syscall.Getenv("XDG_CACHE_HOME"); xdg != "" && usesXDG {
		cache = xdg
	}
	syscall.Mkdir(cache, 0o700)
	syscall.Mkdir(cache+"/awaittrace", 0o700)
	return cache + "/awaittrace/records"
}

// openFolder makes the folder if need be. The folder must be ours alone, because others could tamper with a record in
// it.
func openFolder(folder string) (where uint8) {
	syscall.Mkdir(folder, 0o700)
	var st syscall.Stat_t
	if syscall.Lstat(folder, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFDIR {
		return WhereNoFolder
	}
	if int(st.Uid) != syscall.Geteuid() || st.Mode&0o077 != 0 {
		return WhereNotOurs
	}
	return WhereFile
}

// sweepFolder removes old records of programs that have ended.
func sweepFolder(folder string) {
	dir, err := syscall.Open(folder, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer syscall.Close(dir)
	var records []dead
	for buf := make([]byte, 8192); ; {
		n, err := syscall.ReadDirent(dir, buf)
		if n <= 0 || err != nil {
			break
		}
		_, _, names := syscall.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			if r, ok := examine(folder, name); ok {
				records = insert(records, r)
			}
		}
	}
	var now syscall.Timeval
	syscall.Gettimeofday(&now)
	var kept int64
	for i, r := range records {
		keep := int64(keepSeconds)
		if r.rank == rankStuck {
			keep = keepStuck
		}
		if int64(now.Sec)-r.mtime > keep || kept+r.size > keepBytes && (i > 0 || r.rank != rankStuck) {
			syscall.Unlink(folder + "/" + r.name)
			continue
		}
		kept += r.size
	}
}

// examine reports whether a file of the folder is a record whose program has ended. It removes an earlier record of
// this process.
func examine(folder, name string) (dead, bool) {
	pid, rest := digits(name)
	if pid == 0 || pid > 1<<31 || len(rest) < 2 || rest[0] != '-' {
		return dead{}, false
	}
	_, rest = digits(rest[1:])
	if rest == "" && int(pid) == syscall.Getpid() {
		// The program replaced itself by exec, and its earlier record tells nothing about it any more.
		syscall.Unlink(folder + "/" + name)
	}
	if rest != "" || syscall.Kill(int(pid), 0) != syscall.ESRCH {
		return dead{}, false
	}
	fd, err := syscall.Open(folder+"/"+name, syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC,
		0)
	if err != nil {
		return dead{}, false
	}
	defer syscall.Close(fd)
	var st syscall.Stat_t
	if syscall.Fstat(fd, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return dead{}, false
	}
	return dead{name, modified(&st), st.Blocks * blockSize, rank(fd, true)}, true
}
