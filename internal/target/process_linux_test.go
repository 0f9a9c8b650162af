//go:build amd64 || arm64

package target

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// TestSignals sends signals to a program while it is read again and again. None may be lost, and the program must
// always go on.
func TestSignals(t *testing.T) {
	p := start(t, build(t, "waits.go"))
	done := make(chan bool)
	go func() {
		defer close(done)
		for range 30 {
			if _, err := Read(context.Background(), Target{Pid: p.pid}, Options{}); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	for reading := true; reading; {
		p.ping()
		select {
		case <-done:
			reading = false
		default:
		}
	}
	waitState(t, p.pid, "RS")
}

// TestStopped reads a stopped program. It must stay stopped, and not run in between.
func TestStopped(t *testing.T) {
	p := start(t, build(t, "waits.go"))
	if err := syscall.Kill(p.pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	waitState(t, p.pid, "T")
	// On a busy machine the goroutine that never rests may have just made room for others.
	for tries := 0; tries < 200 &&
		!slices.ContainsFunc(p.read(Options{}).Goroutines,
			func(g snapshot.Goroutine) bool { return g.State == "running" }); tries++ {
		syscall.Kill(p.pid, syscall.SIGCONT)
		time.Sleep(5 * time.Millisecond)
		syscall.Kill(p.pid, syscall.SIGSTOP)
		waitState(t, p.pid, "T")
	}
	before := count(t, p)
	for range 3 {
		res := p.read(Options{})
		if !res.Stopped {
			t.Error("Stopped is false")
		}
		checkWants(t, res, "waits.go")
	}
	waitState(t, p.pid, "T")
	if after := count(t, p); after != before {
		t.Errorf("the stopped program has counted from %d to %d", before, after)
	}
	syscall.Kill(p.pid, syscall.SIGCONT)
	p.ping()
	for end := time.Now().Add(patience); count(t, p) == before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the program does not count on")
		}
	}
	if res := p.read(Options{}); res.Stopped {
		t.Error("Stopped is true of a program that runs")
	}
}

// count returns the number that the restless goroutine of the program has reached.
func count(t *testing.T, p *program) uint64 {
	t.Helper()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", p.pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	addr, err := strconv.ParseInt(p.facts["counter"].(string), 0, 64)
	if err != nil {
		t.Fatal(err)
	}
	var b [8]byte
	if _, err := mem.ReadAt(b[:], addr); err != nil {
		t.Fatal(err)
	}
	return binary.LittleEndian.Uint64(b[:])
}

// hold has another process trace p until the returned function is called, or the test ends.
func hold(t *testing.T, p *program) (letGo func()) {
	t.Helper()
	tracer := exec.Command(os.Args[0])
	tracer.Env = append(os.Environ(), helperEnv+"="+strconv.Itoa(p.pid))
	out, err := tracer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	letGo = sync.OnceFunc(func() {
		tracer.Process.Kill()
		tracer.Wait()
	})
	t.Cleanup(letGo)
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "stopped\n" {
		t.Errorf("the tracer says %q", line)
	}
	waitState(t, p.pid, "t")
	return letGo
}

// TestKilledReader kills a reader while it keeps the program stopped. The program must go on.
func TestKilledReader(t *testing.T) {
	p := start(t, build(t, "waits.go"))
	letGo := hold(t, p)
	_, err := Read(t.Context(), Target{Pid: p.pid}, Options{})
	if e := (*procfs.Error)(nil); !errors.As(err, &e) || e.Reason != procfs.AlreadyTraced {
		t.Errorf("second reader: %v, want AlreadyTraced", err)
	}
	letGo()
	p.ping()
	waitState(t, p.pid, "RS")
}

// holdForever is the process that hold starts.
func holdForever() {
	pid, _ := strconv.Atoi(os.Getenv(helperEnv))
	Read(context.Background(), Target{Pid: pid}, Options{Standing: func() []Ref {
		fmt.Println("stopped")
		select {}
	}})
	os.Exit(1)
}

// TestKilledProgram kills the program while it is read. The reader must return, and the parent must get the exit
// status.
func TestKilledProgram(t *testing.T) {
	p := start(t, build(t, "waits.go"))
	_, err := Read(t.Context(), Target{Pid: p.pid}, Options{Select: allStacks, Standing: func() []Ref {
		syscall.Kill(p.pid, syscall.SIGKILL)
		time.Sleep(100 * time.Millisecond)
		return nil
	}})
	if e := (*procfs.Error)(nil); err != nil && (!errors.As(err, &e) || e.Reason != procfs.Exited) {
		t.Errorf("got %v, want Exited or what was read before", err)
	}
	p.cmd.Wait()
	if s, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || s.Signal() != syscall.SIGKILL {
		t.Errorf("exit status %v, want killed", p.cmd.ProcessState)
	}
	_, err = Read(t.Context(), Target{Pid: p.pid}, Options{})
	if e := (*procfs.Error)(nil); !errors.As(err, &e) || e.Reason != procfs.Exited {
		t.Errorf("after its end: %v, want Exited", err)
	}
}

func TestTimeout(t *testing.T) {
	p := start(t, build(t, "waits.go"))
	res := p.read(Options{Timeout: time.Nanosecond})
	if len(res.Goroutines) == 0 || res.StacksLeft != 0 { // stacks are read after the program has gone on
		t.Errorf("%d goroutines, %d stacks left, want none", len(res.Goroutines), res.StacksLeft)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, Target{Pid: p.pid}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}

func TestRefused(t *testing.T) {
	expect := func(err error, want procfs.Reason) {
		t.Helper()
		if e := (*procfs.Error)(nil); !errors.As(err, &e) || e.Reason != want {
			t.Errorf("got %v, want reason %d", err, want)
		} else {
			t.Log(err)
		}
	}
	sleep := exec.Command("sleep", "1000")
	if err := sleep.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		sleep.Process.Kill()
		sleep.Wait()
	})
	_, err := Read(t.Context(), Target{Pid: sleep.Process.Pid}, Options{})
	expect(err, procfs.Unsupported)
	_, err = Read(t.Context(), Target{Pid: 1<<22 + 1}, Options{})
	expect(err, procfs.Exited)
	p := start(t, build(t, "waits.go", "-ldflags=-s -w"))
	_, err = Read(t.Context(), Target{Pid: p.pid}, Options{})
	expect(err, procfs.NoDebugInfo)
	p.ping()
}

// TestOtherUser reads as a user without permission.
func TestOtherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become another user")
	}
	p := start(t, build(t, "waits.go"))
	var err error
	procfs.OnTracer(func() {
		const nobody = 65534
		// The bare call changes only this thread.
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); e != 0 {
			t.Errorf("setresuid: %v", e)
			return
		}
		_, err = readProcess(context.Background(), Target{Pid: p.pid}, Options{})
	})
	if e := (*procfs.Error)(nil); !errors.As(err, &e) || e.Reason != procfs.NotPermitted || e.Fix == "" {
		t.Errorf("got %v, want NotPermitted and what to do", err)
	}
	t.Log(err)
	p.ping()
}
