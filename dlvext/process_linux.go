//go:build amd64 || arm64

package dlvext

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readProcess reads a process. The debug information is loaded before it is stopped.
func readProcess(ctx context.Context, t Target, o Options) (*Result, error) {
	if gone(threadState(t.Pid)) {
		return nil, errExited(t.Pid)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", t.Pid))
	if err != nil {
		return nil, refused(t.Pid, err)
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
	onTracer(func() {
		defer guard(&err)
		res, err = readStopped(ctx, t.Pid, exe, mem, o)
	})
	if err != nil {
		if gone(threadState(t.Pid)) {
			return nil, errExited(t.Pid)
		}
		return nil, err
	}
	return res, nil
}

// readStopped loads the debug information, stops the process, reads it, and lets it go on.
func readStopped(ctx context.Context, pid int, exe string, mem *os.File, o Options) (*Result, error) {
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

	wasStopped := threadState(pid) == 'T'
	tr := &tracer{pid: pid, threads: make(map[int]*traced)}
	start := time.Now()
	defer tr.release()
	if err := tr.stop(); err != nil {
		return nil, err
	}
	taken := monotonic()
	p.stopped = true
	s.deadline = start.Add(o.Timeout)
	res, err := s.read(o)
	p.stopped = false
	tr.release()
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
