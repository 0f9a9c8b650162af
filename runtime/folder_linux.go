//go:build linux && (amd64 || arm64)

package runtime

import (
	"syscall"
	"unsafe"
)

// Of records whose program has ended, the newest keepRecords are kept, for keepSeconds.
const (
	keepRecords = 16
	keepSeconds = 24 * 60 * 60
)

// mapFile maps the record from a new file in the user's folder, or returns nil.
func mapFile(h *Header) unsafe.Pointer {
	folder, _ := syscall.Getenv("AWAITTRACE_DIR")
	if folder == "" {
		folder = "/dev/shm/awaittrace-" + itoa(uint64(syscall.Geteuid()))
	}
	dir, ok := openFolder(folder)
	if !ok {
		return nil
	}
	defer syscall.Close(dir)
	sweep(dir)
	name := itoa(h.Pid) + "-" + itoa(h.StartTicks)
	syscall.Unlinkat(dir, name) // a program that has replaced itself by exec
	fd, err := syscall.Openat(dir, name, syscall.O_RDWR|syscall.O_CREAT|syscall.O_EXCL|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return nil
	}
	defer syscall.Close(fd)
	file = folder + "/" + name
	mem := mapFd(fd, h)
	if mem == nil {
		syscall.Unlinkat(dir, name)
	}
	return mem
}

// openFolder opens the folder, made if need be. It must be ours alone: what others can write to is no place for a record.
func openFolder(folder string) (int, bool) {
	syscall.Mkdir(folder, 0o700)
	dir, err := syscall.Open(folder, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, false
	}
	var st syscall.Stat_t
	if syscall.Fstat(dir, &st) != nil || int(st.Uid) != syscall.Geteuid() || st.Mode&0o077 != 0 {
		syscall.Close(dir)
		return 0, false
	}
	return dir, true
}

// A dead record is one whose program has ended.
type dead struct {
	name  string
	mtime int64
}

// sweep removes old records of programs that have ended.
func sweep(dir int) {
	var now syscall.Timeval
	syscall.Gettimeofday(&now)
	for i, r := range deadRecords(dir) {
		if i >= keepRecords || now.Sec-r.mtime > keepSeconds {
			syscall.Unlinkat(dir, r.name)
		}
	}
}

// deadRecords returns the records in the folder whose program has ended, newest first.
func deadRecords(dir int) []dead {
	var records []dead
	buf := make([]byte, 8192)
	for {
		n, err := syscall.ReadDirent(dir, buf)
		if n <= 0 || err != nil {
			return records
		}
		_, _, names := syscall.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			pid, ticks, ok := parseName(name)
			if !ok || startTicks(pid) == ticks {
				continue
			}
			if mtime, ok := modified(dir, name); ok {
				records = insert(records, dead{name, mtime})
			}
		}
	}
}

// insert adds r where it belongs. There are few records; package sort would be one more dependency of every instrumented program.
func insert(records []dead, r dead) []dead {
	records = append(records, r)
	for i := len(records) - 1; i > 0 && records[i-1].mtime < r.mtime; i-- {
		records[i-1], records[i] = records[i], records[i-1]
	}
	return records
}

// modified returns when the file was last written, in seconds since 1970.
func modified(dir int, name string) (int64, bool) {
	fd, err := syscall.Openat(dir, name, syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0, false
	}
	defer syscall.Close(fd)
	var st syscall.Stat_t
	if syscall.Fstat(fd, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return 0, false
	}
	return st.Mtim.Sec, true
}

// parseName takes the name of a record apart: PID-STARTTICKS.
func parseName(name string) (pid int, ticks uint64, ok bool) {
	p, rest := digits(name)
	if p == 0 || p > 1<<31 || len(rest) < 2 || rest[0] != '-' {
		return 0, 0, false
	}
	ticks, rest = digits(rest[1:])
	return int(p), ticks, rest == ""
}

// digits returns the number that s begins with, and the rest.
func digits(s string) (n uint64, rest string) {
	i := 0
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		n = n*10 + uint64(s[i]-'0')
		i++
	}
	return n, s[i:]
}

func itoa(n uint64) string { return string(appendInt(nil, n)) }
