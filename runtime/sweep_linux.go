//go:build linux && (amd64 || arm64) && !awaittrace_portable

package runtime

import (
	"syscall"
)

// sweep removes old records of programs that have ended.
func sweep(dir int) {
	var now syscall.Timeval
	syscall.Gettimeofday(&now)
	limit, kept := roomFor(dir), int64(0)
	records := deadRecords(dir, now.Sec, false)
	if total(records) > limit {
		syscall.Seek(dir, 0, 0)
		records = deadRecords(dir, now.Sec, true)
	}
	for i, r := range records {
		keep := int64(keepSeconds)
		if r.rank == rankStuck {
			keep = keepStuck
		}
		why := ""
		if now.Sec-r.mtime > keep {
			why = "age"
		} else if kept+r.size > limit && (i > 0 || r.rank != rankStuck) {
			why = "room"
		}
		if why == "" {
			kept += r.size
		} else if syscall.Unlinkat(dir, r.name) == nil && r.name[0] != '.' {
			noteSwept(dir, r.name+" "+itoa(uint64(now.Sec))+" "+why+"\n")
		}
	}
}

// noteSwept adds a line to the list of swept records.
func noteSwept(dir int, line string) {
	const flags = syscall.O_WRONLY | syscall.O_CREAT | syscall.O_APPEND |
		syscall.O_NOFOLLOW | syscall.O_NONBLOCK | syscall.O_CLOEXEC
	fd, err := syscall.Openat(dir, SweptFile, flags, 0o600)
	if err != nil {
		return
	}
	defer syscall.Close(fd)
	var st syscall.Stat_t
	if syscall.Fstat(fd, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return
	}
	if st.Size+int64(len(line)) > SweptSize {
		syscall.Ftruncate(fd, 0)
	}
	syscall.Write(fd, []byte(line))
}

// roomFor returns how many bytes the records in the folder may take.
func roomFor(dir int) int64 {
	var fs syscall.Statfs_t
	if syscall.Fstatfs(dir, &fs) != nil || fs.Blocks == 0 {
		return keepBytes
	}
	if half := int64(fs.Blocks) * int64(fs.Bsize) / 2; half < keepBytes {
		return half
	}
	return keepBytes
}

// deadRecords returns the records in the folder whose program has ended, those first that stay longest. If closely is
// set, it looks at the waits in each, too.
func deadRecords(dir int, now int64, closely bool) []dead {
	var records []dead
	buf := make([]byte, 8192)
	for {
		n, err := syscall.ReadDirent(dir, buf)
		if n <= 0 || err != nil {
			return records
		}
		_, _, names := syscall.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			if r, ok := examine(dir, name, now, closely); ok {
				records = insert(records, r)
			}
		}
	}
}

// examine reports whether a file of the folder is a record whose program has ended.
func examine(dir int, name string, now int64, closely bool) (dead, bool) {
	base, making := name, len(name) > 0 && name[0] == '.'
	if making {
		base = name[1:]
	}
	pid, ticks, locked, ok := parseName(base)
	if !ok || !locked && startTicks(pid) == ticks {
		return dead{}, false
	}
	fd, err := syscall.Openat(dir, name, syscall.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return dead{}, false
	}
	defer syscall.Close(fd)
	var st syscall.Stat_t
	if syscall.Fstat(fd, &st) != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return dead{}, false
	}
	if making && now-st.Mtim.Sec < halfMade { // its program may be about to take the lock
		return dead{}, false
	}
	// If the lock can be had, nobody holds it. If asking fails, a program may hold it.
	if locked && syscall.Flock(fd, syscall.LOCK_SH|syscall.LOCK_NB) != nil {
		return dead{}, false
	}
	return dead{name, st.Mtim.Sec, int64(st.Blocks) * blockSize, rank(fd, closely)}, true
}
