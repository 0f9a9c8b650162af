//go:build amd64 || arm64

package procfs

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds a wait for what must happen, on a machine that may be very busy.
const patience = time.Minute

func TestAdvice(t *testing.T) {
	tests := []struct {
		euid         int
		owner, scope string
		want         string // in the advice
	}{
		{0, "0", "", "--cap-add=SYS_PTRACE"},
		{0, "1000", "1", "--cap-add=SYS_PTRACE"},
		{0, "1000", "3", "reboot"},
		{1000, "0", "1", "run as that user or as root"},
		{1000, "1000", "1", "sysctl kernel.yama.ptrace_scope=0"},
		{1000, "1000", "2", "run as root"},
		{1000, "1000", "0", "--cap-add=SYS_PTRACE"},
		{1000, "", "", "--cap-add=SYS_PTRACE"},
	}
	for _, test := range tests {
		if why, fix := advice(test.euid, test.owner, test.scope); !strings.Contains(fix, test.want) {
			t.Errorf("%+v: %q, %q", test, why, fix)
		}
	}
}

// TestOnTracer checks that a tracer has a thread that ends. Go never ends the main thread.
func TestOnTracer(t *testing.T) {
	var wg sync.WaitGroup
	for range 200 {
		wg.Go(func() {
			tid := 0
			OnTracer(func() { tid = unix.Gettid() })
			if tid == 0 || tid == os.Getpid() {
				t.Errorf("traced on thread %d of process %d", tid, os.Getpid())
			}
		})
	}
	wg.Wait()
	waitThreads(t, 50)
}

// TestAwaitUntraced waits for the end of a short look at a program, and gives up on a debugger that stays.
func TestAwaitUntraced(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	pid := cmd.Process.Pid
	letGo, gone := make(chan bool), make(chan bool)
	go OnTracer(func() {
		defer close(gone)
		tr := NewTracer(pid)
		defer tr.Release()
		if err := tr.Stop(); err != nil {
			t.Error(err)
		}
		gone <- false
		<-letGo
	})
	<-gone
	if AwaitUntraced(pid); !Traced(pid) {
		t.Error("the debugger has not stayed")
	}
	time.AfterFunc(lookTime/10, func() { close(letGo) })
	OnTracer(func() { // another look
		tr := NewTracer(pid)
		defer tr.Release()
		if err := tr.Stop(); err != nil {
			t.Error(err)
		}
	})
	<-gone
}

// waitThreads waits until this process has fewer threads than n.
func waitThreads(t *testing.T, n int) {
	t.Helper()
	have := 0
	for end := time.Now().Add(patience); time.Now().Before(end); {
		tids, _ := ThreadIDs(os.Getpid())
		if have = len(tids); have < n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d threads are left", have)
}
