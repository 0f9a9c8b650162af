//go:build amd64 || arm64

package procfs

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/awaittrace/awaittrace/internal/reach"
)

// A Process is a process of this machine, as a [reach.Source]. Its memory can be read at any time, and its threads
// while it stands still.
type Process struct {
	pid     int
	entry   uint64
	threads func() ([]reach.Thread, error)
}

var _ reach.Source = (*Process)(nil)

// errRuns is the error of Threads for a running process.
var errRuns = errors.New("the threads of a process can be read only while it stands still")

// OpenProcess opens a process, which may be running. An error is an [*Error].
func OpenProcess(pid int) (*Process, error) {
	if Gone(ThreadState(pid)) {
		return nil, HasExited(pid)
	}
	auxv, err := os.ReadFile(fmt.Sprintf("/proc/%d/auxv", pid))
	if err != nil {
		return nil, Unreadable(pid, err)
	}
	p := &Process{pid: pid, entry: auxvEntry(auxv)}
	p.threads = func() ([]reach.Thread, error) { return nil, errRuns }
	return p, nil
}

// OpenHeld opens a process that a debugger or a signal holds. The kernel gives the registers of a thread only to its
// tracer. registers returns those of a thread if the caller knows them, or nil; a nil function knows none.
func OpenHeld(pid int, registers func(tid int) []uint64) (*Process, error) {
	p, err := OpenProcess(pid)
	if err != nil {
		return nil, err
	}
	if err := StandsStill(pid); err != nil {
		return nil, err
	}
	p.threads = func() ([]reach.Thread, error) { return heldThreads(pid, registers) }
	return p, nil
}

// Stop stops the process, calls f on a thread of its own, and lets the process go on. It returns how long the process
// stood still.
func (p *Process) Stop(f func() error) (paused time.Duration, err error) {
	OnTracer(func() {
		t := NewTracer(p.pid)
		start := time.Now()
		defer func() {
			t.Release()
			paused = time.Since(start)
		}()
		if err = t.Stop(); err != nil {
			return
		}
		p.Use(t)
		defer p.Use(nil)
		err = f()
	})
	return paused, err
}

// Use has p read the threads that t has stopped. nil means that the process runs again.
func (p *Process) Use(t *Tracer) {
	p.threads = func() ([]reach.Thread, error) { return nil, errRuns }
	if t != nil {
		p.threads = t.Registers
	}
}

// Exe returns the file that the process runs, even if its name has another file now.
func (p *Process) Exe() string { return fmt.Sprintf("/proc/%d/exe", p.pid) }

// Entry implements [reach.Source].
func (p *Process) Entry() uint64 { return p.entry }

// Threads implements [reach.Source].
func (p *Process) Threads() ([]reach.Thread, error) { return p.threads() }

// ReadMemory implements [reach.Source].
func (p *Process) ReadMemory(b []byte, addr uint64) error {
	for len(b) > 0 {
		if addr+uint64(len(b)) < addr || addr+uint64(len(b)) > 1<<63 {
			return errNoMemory(addr)
		}
		n := min(len(b), 1<<30)
		got, err := unix.ProcessVMReadv(p.pid, []unix.Iovec{{Base: &b[0], Len: uint64(n)}},
			[]unix.RemoteIovec{{Base: uintptr(addr), Len: n}}, 0)
		if err != nil {
			return fmt.Errorf("cannot read memory at %#x: %w", addr, err)
		}
		if got <= 0 {
			return errNoMemory(addr)
		}
		b, addr = b[got:], addr+uint64(got)
	}
	return nil
}

const (
	maxPieces = 512      // pieces in one system call
	maxBytes  = 16 << 20 // bytes, after which a new system call begins
	readers   = 2        // threads that read
	// maxGap is how many bytes between two pieces are read with them, which takes less time than another piece. It is
	// less than a page, so that each page that is read has a part of a piece.
	maxGap = 2 << 10
)

// ReadMany implements [reach.Source].
func (p *Process) ReadMany(bufs [][]byte, addrs []uint64) (bad []int) {
	var chunks []chunk
	for i := 0; i < len(bufs); {
		c := chunk{from: i}
		for n := 0; i < len(bufs) && i-c.from < maxPieces && n < maxBytes; i++ {
			n += len(bufs[i])
		}
		c.to = i
		chunks = append(chunks, c)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := 0
	for range min(readers, len(chunks)) {
		wg.Go(func() {
			v := vectors{make([]unix.Iovec, 0, 2*maxPieces), make([]unix.RemoteIovec, 0, maxPieces), make([]byte, maxGap)}
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= len(chunks) {
					return
				}
				if failed := p.readChunk(&v, bufs, addrs, chunks[i]); len(failed) > 0 {
					mu.Lock()
					bad = append(bad, failed...)
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	slices.Sort(bad)
	return bad
}

// A chunk is a range of pieces that are read together.
type chunk struct{ from, to int }

// vectors holds the arguments of a system call.
type vectors struct {
	local  []unix.Iovec
	remote []unix.RemoteIovec
	gap    []byte // takes what is between pieces
}

// readChunk reads the pieces of c with one system call, or, if that does not read all, each by itself. Pieces that lie
// close behind each other are one range of the process's memory.
func (p *Process) readChunk(v *vectors, bufs [][]byte, addrs []uint64, c chunk) (bad []int) {
	local, remote := v.local[:0], v.remote[:0]
	total := 0
	var end uint64 // of the last piece
	for i := c.from; i < c.to; i++ {
		n := len(bufs[i])
		if n == 0 {
			continue
		}
		if gap := addrs[i] - end; len(remote) > 0 && addrs[i] >= end && gap <= maxGap {
			if gap > 0 {
				local = append(local, unix.Iovec{Base: &v.gap[0], Len: gap})
			}
			remote[len(remote)-1].Len += int(gap) + n
			total += int(gap)
		} else {
			remote = append(remote, unix.RemoteIovec{Base: uintptr(addrs[i]), Len: n})
		}
		local = append(local, unix.Iovec{Base: &bufs[i][0], Len: uint64(n)})
		end = addrs[i] + uint64(n)
		total += n
	}
	if total == 0 {
		return nil
	}
	if n, err := unix.ProcessVMReadv(p.pid, local, remote, 0); err == nil && n == total {
		return nil
	}
	for i := c.from; i < c.to; i++ {
		if p.ReadMemory(bufs[i], addrs[i]) != nil {
			bad = append(bad, i)
		}
	}
	return bad
}

// Mappings implements [reach.Source].
func (p *Process) Mappings() ([]reach.Mapping, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", p.pid))
	if err != nil {
		return nil, err
	}
	var list []reach.Mapping
	for line := range strings.Lines(string(text)) {
		span, _, _ := strings.Cut(line, " ")
		from, to, _ := strings.Cut(span, "-")
		lo, err1 := strconv.ParseUint(from, 16, 64)
		hi, err2 := strconv.ParseUint(to, 16, 64)
		if err1 == nil && err2 == nil {
			list = append(list, reach.Mapping{Lo: lo, Hi: hi})
		}
	}
	return list, nil
}

// heldThreads returns the threads of a process that another holds.
func heldThreads(pid int, registers func(tid int) []uint64) ([]reach.Thread, error) {
	tids, err := ThreadIDs(pid)
	if err != nil {
		return nil, HasExited(pid)
	}
	var list []reach.Thread
	for _, tid := range tids {
		if Gone(ThreadState(tid)) {
			continue
		}
		th := reach.Thread{TID: ownTID(tid)}
		if th.SP, th.PC, err = Counter(pid, tid); err != nil {
			return nil, err
		}
		if registers != nil {
			th.Regs = registers(tid)
			if runtime.GOARCH == "arm64" && len(th.Regs) > linkRegister {
				th.LR = th.Regs[linkRegister]
			}
		}
		list = append(list, th)
	}
	return list, nil
}

// ownTID returns the thread's ID as the program sees it, which differs in a PID namespace of its own.
func ownTID(tid int) int {
	ids := strings.Fields(procStatus(tid)["NSpid"])
	if len(ids) < 2 {
		return tid
	}
	own, err := strconv.Atoi(ids[len(ids)-1])
	if err != nil {
		return tid
	}
	return own
}
