//go:build linux && (amd64 || arm64) && !awaittrace_portable

package runtime

import (
	"syscall"
	"unsafe"
)

// mapFile maps the record from a new file in the user's folder, or returns nil; h.Where then says why.
//
// The file is locked (flock) for as long as it is mapped: the lock belongs to the open file, which the mapping keeps
// open after the descriptor is closed. So anyone who can open the file can tell whether the program lives, across pid
// namespaces.
func mapFile(h *Header) unsafe.Pointer {
	folder := recordFolder()
	dir, where := openFolder(folder)
	if h.Where = where; where != WhereFile {
		return nil
	}
	defer syscall.Close(dir)
	sweep(dir)
	mem := makeFile(dir, folder, h)
	if mem == nil {
		h.Where = WhereNoRoom
	}
	return mem
}

// recordFolder returns the folder that records are kept in.
func recordFolder() string {
	folder, _ := syscall.Getenv("AWAITTRACE_DIR")
	if folder == "" {
		folder = "/dev/shm/awaittrace-" + itoa(uint64(syscall.Geteuid()))
	}
	return folder
}

// makeFile makes the record's file in folder, which dir is, and maps it, or returns nil. The file gets its final name
// once it is locked; nobody looks for it under the temporary one. A record of the same name is that of this process,
// before it replaced itself by exec.
func makeFile(dir int, folder string, h *Header) unsafe.Pointer {
	name := itoa(h.Pid) + "-" + itoa(h.StartTicks)
	unlocked := name
	name += "-" + itoa(pidNamespace(h))
	temp := "." + name
	syscall.Unlinkat(dir, temp) // left by a program that was killed right here
	fd, err := syscall.Openat(dir, temp,
		syscall.O_RDWR|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil
	}
	defer syscall.Close(fd)
	if syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		name = unlocked // the file system has no locks: readers use the pid
	}
	file = folder + "/" + temp
	mem := mapFd(fd, h)
	if mem == nil {
		syscall.Unlinkat(dir, temp)
		return nil
	}
	if syscall.Renameat(dir, temp, dir, name) != nil {
		syscall.Unlinkat(dir, temp)
		syscall.Munmap(unsafe.Slice((*byte)(mem), h.Size))
		return nil
	}
	file = folder + "/" + name
	return mem
}

// pidNamespace returns a number that distinguishes processes with the same pid: that of the pid namespace, or, without
// /proc, the time.
func pidNamespace(h *Header) uint64 {
	var st syscall.Stat_t
	if syscall.Stat("/proc/self/ns/pid", &st) == nil {
		return st.Ino
	}
	return uint64(h.Start)
}

// openFolder opens the folder, and makes it if need be. It must be ours alone, because others could tamper with a
// record in it. Where is WhereFile, or says what is wrong with the folder.
func openFolder(folder string) (dir int, where uint8) {
	syscall.Mkdir(folder, 0o700)
	dir, err := syscall.Open(folder, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, WhereNoFolder
	}
	var st syscall.Stat_t
	if syscall.Fstat(dir, &st) != nil || int(st.Uid) != syscall.Geteuid() || st.Mode&0o077 != 0 {
		syscall.Close(dir)
		return 0, WhereNotOurs
	}
	return dir, WhereFile
}

// parseName parses the name of a record: PID-STARTTICKS-NAMESPACE, or PID-STARTTICKS of a file without a lock.
func parseName(name string) (pid int, ticks uint64, locked, ok bool) {
	p, rest := digits(name)
	if p == 0 || p > 1<<31 || len(rest) < 2 || rest[0] != '-' {
		return 0, 0, false, false
	}
	ticks, rest = digits(rest[1:])
	if len(rest) > 1 && rest[0] == '-' {
		_, rest = digits(rest[1:])
		locked = true
	}
	return int(p), ticks, locked, rest == ""
}
