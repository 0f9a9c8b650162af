//go:build (amd64 || arm64) && !awaittrace_portable

package dlvext

import (
	"context"
	"fmt"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/source"
	"golang.org/x/sys/unix"
)

// readProcess reads a process. The debug information is loaded before it is stopped.
func readProcess(ctx context.Context, t Target, o Options) (*Result, error) {
	if source.Gone(source.ThreadState(t.Pid)) {
		return nil, source.HasExited(t.Pid)
	}
	mem, err := procfs.OpenMemory(t.Pid)
	if err != nil {
		return nil, source.Refused(t.Pid, err)
	}
	defer mem.Close()
	exe := t.Exe
	if exe == "" {
		// The file that runs, also when that name has another file now, or is in another container.
		exe = fmt.Sprintf("/proc/%d/exe", t.Pid)
	}
	if err := checkExe(exe, t.Pid); err != nil {
		return nil, err
	}

	var res *Result
	source.OnTracer(func() {
		defer guard(&err)
		res, err = readStopped(ctx, t.Pid, exe, mem, o)
	})
	if err != nil {
		if source.Gone(source.ThreadState(t.Pid)) {
			return nil, source.HasExited(t.Pid)
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
	s := &session{tgt: tgt, bi: p.bi, mem: p.mem, running: p.setThreads}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	src, err := source.OpenProcess(pid)
	if err != nil {
		return nil, err
	}
	if o.Capturer != nil {
		o.Capturer.Ready(src, nil)
	}

	wasStopped := source.ThreadState(pid) == 'T'
	tr := source.NewTracer(pid)
	start := time.Now()
	defer tr.Release()
	if err := tr.Stop(); err != nil {
		return nil, err
	}
	taken := monotonic()
	p.stopped = true
	s.deadline = start.Add(o.Timeout)
	res, err := s.read(o)
	p.stopped = false
	if o.Capturer != nil && err == nil {
		src.Use(tr)
		o.Capturer.Capture()
		src.Use(nil)
	}
	tr.Release()
	if err != nil {
		return nil, unreadable(pid, err)
	}
	res.Stopped, res.Taken, res.Paused = wasStopped, taken, time.Since(start)
	s.setCreators(res)
	return res, nil
}

// setThreads tells the backend which threads run a goroutine.
func (p *process) setThreads(running []runner) {
	for _, r := range running {
		p.threads = append(p.threads, &thread{p: p, tid: r.thread, runner: r})
	}
}

// monotonic returns the system's monotonic clock, in nanoseconds.
func monotonic() int64 {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return 0
	}
	return ts.Nano()
}
