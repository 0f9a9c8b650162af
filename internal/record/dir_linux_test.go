package record

import (
	"os"
	"os/exec"
	"testing"
)

// TestIsOurs: programs of another AWAITTRACE_DIR are others' business, and without one all are ours.
func TestIsOurs(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	cmd.Env = append(os.Environ(), "AWAITTRACE_DIR=/somewhere")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	for dir, want := range map[string]bool{"": true, "/somewhere": true, "/elsewhere": false} {
		t.Setenv("AWAITTRACE_DIR", dir)
		if got := isOurs(cmd.Process.Pid); got != want {
			t.Errorf("AWAITTRACE_DIR=%q: %v, want %v", dir, got, want)
		}
	}
}
