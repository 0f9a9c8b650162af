//go:build linux && (amd64 || arm64)

package runtime

import (
	"syscall"
	"unsafe"
)

// The kernel keeps its clocks in a page that every process can read, [vvar] in /proc/self/maps. The page has a sequence
// number, which the kernel raises before and after each update, so that readers of the clock detect a torn read. An
// update comes with every tick, so one load of the number tells whether time has passed.
//
// The kernel promises no layout of the page. So findTick looks for the coarse clocks by their values, which system
// calls return too, and adoptTick takes the number only after it was seen to move. The cycle counter is used instead
// where the number is not found: in a time namespace (whose own page has offsets only), under gVisor, in an emulator,
// or without /proc.

// A clockPage is a page of clocks. GOROOT/src/runtime does not read it; its layout is in the kernel's
// include/vdso/datapage.h.
type clockPage [512]uint64

const (
	realtimeCoarse  = 5 // CLOCK_REALTIME_COARSE, which a clockPage has right before CLOCK_MONOTONIC_COARSE
	monotonicCoarse = 6

	headWords   = 4 // words of a clockPage before the clocks, since Linux 5.3
	headWords13 = 5 // since Linux 6.13, on amd64
)

// The candidate for the kernel's tick, until it is adopted or dropped.
var (
	foundTick *uint32
	tickThen  uint32 // *foundTick at foundAt
	foundAt   int64
)

const (
	// tickTrial is a time in which every kernel ticks more than once, in nanoseconds: HZ is at least 100.
	tickTrial = 50e6
	// updateTrial is longer than any update, in nanoseconds. A host may stop the processor that is in one.
	updateTrial = 1e9
)

// findTick looks for the sequence number.
//
//go:norace
func findTick() {
	page := vvarPage()
	if page == 0 {
		return
	}
	p := (*clockPage)(*(*unsafe.Pointer)(unsafe.Pointer(&page)))
	for i := 0; i < 3; i++ { // the kernel may tick in between
		if at := p.sequence(); at >= 0 {
			found := (*uint32)(unsafe.Pointer(&p[at]))
			tickThen, foundAt = *found&^1, nanotime() // odd: during an update
			foundTick = found
			return
		}
	}
}

// sequence returns the index of the word that begins with the sequence number, or -1.
//
//go:norace
func (p *clockPage) sequence() int {
	var clocks [4]uint64
	gettime(realtimeCoarse, &clocks[0])
	gettime(monotonicCoarse, &clocks[2])
	for i := 2*realtimeCoarse + headWords; i+4 <= len(p); i++ {
		if [4]uint64(p[i:i+4]) != clocks {
			continue
		}
		first := i - 2*realtimeCoarse // the first clock
		for _, at := range [2]int{first - headWords, first - headWords13} {
			// It begins a cache line. The clock's mode, a small number, follows it.
			if at >= 0 && at%8 == 0 && p[at]>>32 < 16 {
				return at
			}
		}
	}
	return -1
}

// gettime reads a clock by a system call.
func gettime(clock uintptr, to *uint64) {
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(to)), 0)
}

// adoptTick makes the number from findTick the tick, once it has moved as a number does that is raised twice an update.
//
//go:norace
func adoptTick() {
	if foundTick == nil {
		return
	}
	past := nanotime() - foundAt
	k := *foundTick
	odd := (k-tickThen)%2 != 0 // an update is going on
	if past < tickTrial || odd && past < updateTrial {
		return
	}
	if k != tickThen && !odd {
		tickWord, cycleSpan = foundTick, 0
	}
	foundTick = nil
}

// vvarPage returns the address of the first page of [vvar], or 0.
func vvarPage() uint64 {
	fd, err := syscall.Open("/proc/self/maps", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer syscall.Close(fd)
	var text []byte
	for buf := make([]byte, 8192); ; {
		n, err := syscall.Read(fd, buf)
		if n <= 0 || err != nil {
			return vvarIn(text)
		}
		text = append(text, buf[:n]...)
	}
}

// vvarIn returns the start of [vvar] in the text of a maps file, or 0.
func vvarIn(maps []byte) (start uint64) {
	const name = " [vvar]\n"
	for len(maps) > 0 {
		end := 0
		for end < len(maps)-1 && maps[end] != '\n' {
			end++
		}
		line := maps[:end+1]
		maps = maps[end+1:]
		if len(line) < len(name) || string(line[len(line)-len(name):]) != name {
			continue
		}
		for _, c := range line {
			switch {
			case '0' <= c && c <= '9':
				start = start<<4 | uint64(c-'0')
			case 'a' <= c && c <= 'f':
				start = start<<4 | uint64(c-'a'+10)
			default:
				return start
			}
		}
	}
	return 0
}
