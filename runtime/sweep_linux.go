//go:build linux && (amd64 || arm64)

package runtime

import (
	"syscall"
	"unsafe"
)

// Records of programs that have ended are kept for keepSeconds, those with something stuck for keepStuck, and all together
// in keepBytes or half of what the folder's file system has, whichever is less. The newest one with something stuck stays however large it is.
const (
	keepSeconds = 24 * 60 * 60
	keepStuck   = 7 * keepSeconds
	keepBytes   = 64 << 20

	halfMade  = 60         // seconds after which a file that is no record yet was left by a program that was killed
	longWait  = 1000       // coarse time: something that has waited for less is no sign of trouble
	blockSize = int64(512) // unit of Stat_t.Blocks
)

// The order in which dead records are kept.
const (
	rankStuck = iota
	rankWaits // something waited for long when the program ended, as in every server
	rankClean
)

// A dead record is one whose program has ended.
type dead struct {
	name  string
	mtime int64
	size  int64 // bytes that it takes
	rank  int
}

// before reports whether r is kept rather than o.
func (r *dead) before(o *dead) bool {
	return r.rank < o.rank || r.rank == o.rank && r.mtime > o.mtime
}

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

// noteSwept adds a line to the list of what was swept.
func noteSwept(dir int, line string) {
	const flags = syscall.O_WRONLY | syscall.O_CREAT | syscall.O_APPEND | syscall.O_NOFOLLOW | syscall.O_NONBLOCK | syscall.O_CLOEXEC
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

// total returns how many bytes records take.
func total(records []dead) (n int64) {
	for _, r := range records {
		n += r.size
	}
	return n
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

// deadRecords returns the records in the folder whose program has ended, those first that are kept rather than others. Closely says that what waited
// in each is looked at, too.
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

// examine looks at a file of the folder. It reports whether it is a record whose program has ended.
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
	// A lock that can be had is that of nobody. One that cannot be asked for may be that of a program.
	if locked && syscall.Flock(fd, syscall.LOCK_SH|syscall.LOCK_NB) != nil {
		return dead{}, false
	}
	if making && now-st.Mtim.Sec < halfMade {
		return dead{}, false
	}
	return dead{name, st.Mtim.Sec, int64(st.Blocks) * blockSize, rank(fd, closely)}, true
}

// rank returns how much a record is worth keeping.
func rank(fd int, closely bool) int {
	var h Header
	if n, _ := syscall.Pread(fd, unsafe.Slice((*byte)(unsafe.Pointer(&h)), unsafe.Sizeof(h)), 0); n < int(unsafe.Sizeof(h)) || h.Magic != Magic || h.SlotSize != SlotSize {
		return rankClean
	}
	switch h.Verdict {
	case VerdictClean:
		return rankClean
	case VerdictStuck:
		return rankStuck
	}
	if !closely || waited(fd, &h) {
		return rankWaits
	}
	return rankClean
}

// waited reports whether a goroutine of the record had waited for long when the program ended.
func waited(fd int, h *Header) bool {
	last := h.Start + int64(h.Clock)*1e6
	if h.Seen > last {
		last = h.Seen
	}
	var state [1]byte
	slots := make([]Slot, ChunkSlots)
	for n := uint32(0); n < h.Slots/ChunkSlots+1 && n < h.SlotCap/ChunkSlots; n++ {
		syscall.Pread(fd, state[:], int64(h.ChunkOff+n))
		if state[0] != roomShared {
			continue
		}
		b := unsafe.Slice((*byte)(unsafe.Pointer(&slots[0])), ChunkSlots*SlotSize)
		got, _ := syscall.Pread(fd, b, int64(h.SlotOff)<<pageShift+int64(n)*ChunkSlots*SlotSize)
		for i := 0; i < got/SlotSize; i++ {
			if sl := &slots[i]; sl.Goid != 0 && sl.Depth > 0 && last-sl.Waits[0].Since > longWait*1e6 {
				return true
			}
		}
	}
	return false
}

// insert adds r where it belongs. There are few records; package sort would be one more dependency of every instrumented program.
func insert(records []dead, r dead) []dead {
	records = append(records, r)
	for i := len(records) - 1; i > 0 && records[i].before(&records[i-1]); i-- {
		records[i-1], records[i] = records[i], records[i-1]
	}
	return records
}
