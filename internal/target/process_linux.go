//go:build (amd64 || arm64) && !awaittrace_portable

package target

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/go-delve/delve/pkg/proc"
)

// readProcess reads a process. It loads the debug information before it stops the process.
func readProcess(ctx context.Context, t Target, o Options) (*Result, error) {
	if procfs.Gone(procfs.ThreadState(t.Pid)) {
		return nil, procfs.HasExited(t.Pid)
	}
	mem, err := procfs.OpenMemory(t.Pid)
	if err != nil {
		return nil, procfs.Refused(t.Pid, err)
	}
	defer mem.Close()
	exe := t.Exe
	if exe == "" {
		// The running file, even if its name has another file now, or is in another container.
		exe = fmt.Sprintf("/proc/%d/exe", t.Pid)
	}
	if err := checkExe(exe, t.Pid); err != nil {
		return nil, err
	}

	var res *Result
	procfs.OnTracer(func() {
		defer guard(&err)
		res, err = readStopped(ctx, t.Pid, exe, mem, o)
	})
	if err != nil {
		if procfs.Gone(procfs.ThreadState(t.Pid)) {
			return nil, procfs.HasExited(t.Pid)
		}
		return nil, err
	}
	return res, nil
}

// readStopped loads the debug information, stops the process, reads it, and lets it go on.
func readStopped(ctx context.Context, pid int, exe string, mem *procfs.Memory, o Options) (*Result, error) {
	p, tgt, err := newTarget(pid, exe, mem)
	if err != nil {
		return nil, noDebugInfo(pid, err)
	}
	defer p.bi.Close()
	p.copies = new(copies)
	p.mem = readOnly{memory{mem, p.copies}}
	s := &session{tgt: tgt, bi: p.bi, mem: p.mem, copies: p.copies, now: memory{f: mem}, running: p.setThreads}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	src, err := procfs.OpenProcess(pid)
	if err != nil {
		return nil, err
	}
	if o.Capturer != nil {
		o.Capturer.Ready(src, true, nil)
		s.given = o.Capturer.Goroutine
	}

	p.copies.src = src
	s.readyCopies()
	tr := procfs.NewTracer(pid)
	wasStopped := procfs.ThreadState(pid) == 'T'
	start := time.Now()
	defer tr.Release()
	if err := tr.Stop(); err != nil {
		return nil, err
	}
	taken, _ := procfs.Monotonic(pid)
	p.stopped = true
	s.deadline = start.Add(o.Timeout)
	res, refs, err := s.look(o)
	if err == nil {
		var copying sync.WaitGroup
		if o.Select != nil {
			copying.Go(func() { s.copyAll(p.threads, refs) })
		}
		if o.Capturer != nil {
			src.Use(tr)
			o.Capturer.Capture()
			src.Use(nil)
		}
		copying.Wait()
	}
	tr.Release()
	if err != nil {
		return nil, unreadable(pid, err)
	}
	res.Stopped, res.Taken, res.Paused = wasStopped, taken, time.Since(start)
	s.deadline = time.Time{}
	s.fill(res, o)
	s.dropMoved(res)
	s.finish(res, o)
	return res, nil
}

// readyCopies makes room for what look and copyAll read and copy: all goroutines, by the piece, and then the descriptors
// of some, and as much for their stacks. It sorts the descriptors that there are.
func (s *session) readyCopies() {
	if _, _, err := s.readAllgs(); err == nil {
		n := uint64(len(s.addrs))
		s.gs = make([]goroutine, 0, n+n/16)
		clear(s.gs[:cap(s.gs)]) // see copies.ready
		s.copies.ready(max(maxAtOnce, min(n, maxCopied)*uint64(s.g.size)*2))
	}
}

// copyAll copies all that reading the program will need after it has gone on. What is read from the program itself then
// belongs to goroutines that have not moved since.
func (s *session) copyAll(threads []proc.Thread, refs []Ref) {
	s.copySystemStacks(threads) // first, because it reads from what is copied
	s.copyStacks()
	s.copyObjects(refs)
}

// copySystemStacks copies the system stacks of threads that run a goroutine, and what the runtime knows of them,
// because a thread may be on its system stack.
func (s *session) copySystemStacks(threads []proc.Thread) {
	var addrs, lengths []uint64
	for _, th := range threads {
		r := &th.(*thread).runner
		if r.g0 != 0 {
			addrs, lengths = append(addrs, r.m, r.g0), append(lengths, uint64(s.g.mSize), uint64(s.g.size))
		}
	}
	s.copies.copyMany(addrs, lengths)
	addrs, lengths = nil, nil
	for _, th := range threads {
		t := th.(*thread)
		if t.regsErr != nil || t.runner.g0 == 0 {
			continue
		}
		lo, _ := s.fieldAt(t.runner.g0, s.g.stackLo)
		hi, _ := s.fieldAt(t.runner.g0, s.g.stackHi)
		if sp := t.regs.SP(); sp >= lo && sp < hi {
			addrs, lengths = append(addrs, sp), append(lengths, min(hi-sp, maxStackCopy))
		}
	}
	s.copies.copyMany(addrs, lengths)
}

// setThreads tells the backend which threads run a goroutine.
func (p *process) setThreads(running []runner) {
	for _, r := range running {
		t := &thread{p: p, tid: r.thread, runner: r}
		if p.copies != nil {
			if t.regs, t.regsErr = t.registers(); t.regsErr == nil {
				t.regs = counted{t.regs, r.onStack(t.regs.SP())}
			}
		}
		p.threads = append(p.threads, t)
	}
}
