package record

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// TestIsOurs: programs of another AWAITTRACE_DIR are others' business, and without one all are ours.
func TestIsOurs(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	cmd.Env = append(os.Environ(), "AWAITTRACE_DIR=/somewhere")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	waitForEnviron(t, cmd.Process.Pid)
	for dir, want := range map[string]bool{"": true, "/somewhere": true, "/elsewhere": false} {
		t.Setenv("AWAITTRACE_DIR", dir)
		if got := isOurs(cmd.Process.Pid, &procfs.Mapping{Path: memfd}, Dir()); got != want {
			t.Errorf("AWAITTRACE_DIR=%q: %v, want %v", dir, got, want)
		}
	}
}

// waitForEnviron waits until the kernel has set up the environment of a process, which it does after the call that started it has returned.
func waitForEnviron(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); err == nil && len(env) > 0 {
			return
		}
	}
	t.Fatalf("process %d has no environment", pid)
}
