//go:build (linux || darwin) && (amd64 || arm64)

package runtime

import (
	"syscall"
	"unsafe"
)

// Records of programs that have ended stay for keepSeconds, or for keepStuck with something stuck. All together take at
// most keepBytes, or half of the folder's file system if that is less. The newest one with something stuck stays,
// however large it is.
const (
	keepSeconds = 24 * 60 * 60
	keepStuck   = 7 * keepSeconds
	keepBytes   = 64 << 20

	halfMade  = 60         // seconds; a file that is no record by then was left by a program that was killed
	longWait  = 1000       // milliseconds; a shorter wait is no sign of trouble
	blockSize = int64(512) // unit of Stat_t.Blocks
)

// The order in which dead records stay.
const (
	rankStuck = iota
	rankWaits // a long wait when the program ended, as in every server
	rankClean
)

// A dead record is one whose program has ended.
type dead struct {
	name  string
	mtime int64
	size  int64 // bytes on disk
	rank  int
}

// before reports whether r stays rather than o.
func (r *dead) before(o *dead) bool {
	return r.rank < o.rank || r.rank == o.rank && r.mtime > o.mtime
}

// total returns how many bytes the records take.
func total(records []dead) (n int64) {
	for _, r := range records {
		n += r.size
	}
	return n
}

// rank returns how much a record is worth keeping, as a rank… constant. It reads the waits in the record only if
// closely is set.
func rank(fd int, closely bool) int {
	var h Header
	if n, _ := syscall.Pread(fd, unsafe.Slice((*byte)(unsafe.Pointer(&h)), unsafe.Sizeof(h)),
		0); n < int(unsafe.Sizeof(h)) || h.Magic != Magic || h.SlotSize != SlotSize {
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

// insert adds r in order. There are few records; package sort would be one more dependency of every instrumented
// program.
func insert(records []dead, r dead) []dead {
	records = append(records, r)
	for i := len(records) - 1; i > 0 && records[i].before(&records[i-1]); i-- {
		records[i-1], records[i] = records[i], records[i-1]
	}
	return records
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
