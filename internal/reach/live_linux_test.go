//go:build amd64 || arm64

package reach

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A testProcess is a Source on a child of the test.
type testProcess struct {
	pid     int
	threads []Thread
	seized  map[int]int // thread to the signal that it gets when it goes on
}

func (p *testProcess) ReadMemory(b []byte, addr uint64) error {
	for len(b) > 0 {
		n, err := unix.ProcessVMReadv(p.pid, []unix.Iovec{{Base: &b[0], Len: uint64(len(b))}},
			[]unix.RemoteIovec{{Base: uintptr(addr), Len: len(b)}}, 0)
		if err != nil {
			return err
		}
		b, addr = b[n:], addr+uint64(n)
	}
	return nil
}

func (p *testProcess) ReadMany(bufs [][]byte, addrs []uint64) (bad []int) {
	for i := range bufs {
		if p.ReadMemory(bufs[i], addrs[i]) != nil {
			bad = append(bad, i)
		}
	}
	return bad
}

func (p *testProcess) Threads() ([]Thread, error) { return p.threads, nil }

func (p *testProcess) Mappings() ([]Mapping, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", p.pid))
	var list []Mapping
	for line := range bytes.Lines(b) {
		var m Mapping
		if n, _ := fmt.Sscanf(string(line), "%x-%x", &m.Lo, &m.Hi); n == 2 {
			list = append(list, m)
		}
	}
	return list, err
}

func (p *testProcess) Entry() uint64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/auxv", p.pid))
	for ; len(b) >= 16; b = b[16:] {
		if le64(b) == 9 {
			return le64(b[8:])
		}
	}
	return 0
}

// stop stops all threads. It must be called on a locked thread.
func (p *testProcess) stop() error {
	p.seized = make(map[int]int)
	for {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.pid))
		if err != nil {
			return err
		}
		var fresh []int
		for _, e := range entries {
			tid, _ := strconv.Atoi(e.Name())
			if _, ok := p.seized[tid]; ok || unix.PtraceSeize(tid) != nil {
				continue
			}
			if err := unix.PtraceInterrupt(tid); err != nil {
				return err
			}
			p.seized[tid] = 0
			fresh = append(fresh, tid)
		}
		if len(fresh) == 0 {
			break
		}
		for _, tid := range fresh {
			var ws unix.WaitStatus
			if _, err := unix.Wait4(tid, &ws, unix.WALL, nil); err != nil || !ws.Stopped() {
				delete(p.seized, tid)
			} else if int(ws)>>16 == 0 {
				p.seized[tid] = int(ws.StopSignal())
			}
		}
	}
	p.threads = nil
	for tid := range p.seized {
		th, err := readRegisters(tid)
		if err != nil {
			return err
		}
		p.threads = append(p.threads, th)
	}
	return nil
}

func (p *testProcess) release() {
	for tid, sig := range p.seized {
		_, _, _ = unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_DETACH, uintptr(tid), 0, uintptr(sig), 0, 0)
	}
}

// start runs a program until it has written a line "ready".
func start(t *testing.T, exe string, args ...string) *testProcess {
	t.Helper()
	cmd := exec.Command(exe, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if s := bufio.NewScanner(out); !s.Scan() || s.Text() != "ready" {
		t.Fatalf("the program wrote %q", s.Text())
	}
	return &testProcess{pid: cmd.Process.Pid}
}

// look captures a running program and marks, again if a thread of it is about to wake a goroutine: on a busy machine it
// may be so for a while.
func look(t *testing.T, p *testProcess, prog *Program) *Result {
	t.Helper()
	for range 100 {
		r := lookOnce(t, p, prog)
		if !slices.ContainsFunc(r.m.waits, func(w wait) bool { return w.cause == causeAtHand }) {
			return r
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("a thread has a goroutine at hand all the time")
	return nil
}

// lookOnce captures a running program and marks.
func lookOnce(t *testing.T, p *testProcess, prog *Program) *Result {
	t.Helper()
	plan, err := Prepare(p, prog)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(plan.Close)
	c, err := captureRunning(p, plan, 0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Mark()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// captureRunning captures a running program.
func captureRunning(p *testProcess, plan *Plan, limit time.Duration) (c *Capture, err error) {
	plan.Allocate()
	done := make(chan bool)
	go func() {
		defer close(done)
		runtime.LockOSThread()
		defer p.release()
		if err = p.stop(); err == nil {
			c, err = plan.Capture(limit)
		}
	}()
	<-done
	return c, err
}
