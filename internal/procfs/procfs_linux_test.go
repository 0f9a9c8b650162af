package procfs

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

func TestStopped(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	pid := cmd.Process.Pid
	s, ok := Is(pid, 0)
	if !ok || s.Parent != os.Getpid() || s.StartTicks == 0 {
		t.Fatalf("Is(%d) = %+v, %v", pid, s, ok)
	}
	if _, ok := Is(pid, s.StartTicks+1); ok {
		t.Error("a process with another start is taken for the same")
	}
	cmd.Process.Signal(syscall.SIGSTOP)
	for i := 0; ; i++ {
		if s, _ := Is(pid, s.StartTicks); s.Stopped() {
			break
		}
		if i == 6000 {
			t.Fatal("not seen as stopped")
		}
		time.Sleep(10 * time.Millisecond)
	}
	cmd.Process.Kill()
	for i := 0; ; i++ {
		if _, ok := Is(pid, s.StartTicks); !ok {
			break // a zombie now
		}
		if i == 6000 {
			t.Fatal("not seen as dead")
		}
		time.Sleep(10 * time.Millisecond)
	}
}
