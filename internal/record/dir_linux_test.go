package record

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// TestIsOurs checks that programs of another AWAITTRACE_DIR are not ours, and that without one all are.
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

// waitForEnviron waits until the kernel has set up the environment of a process, which may be after the call that
// started the process has returned.
func waitForEnviron(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); err == nil && len(env) > 0 {
			return
		}
	}
	t.Fatalf("process %d has no environment", pid)
}

// TestRecordless checks that a process without a record is not looked at in each round, unless it may have one now.
func TestRecordless(t *testing.T) {
	cmd := exec.Command("sh", "-c", "read line; exec sleep 60")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	pid := cmd.Process.Pid
	waitForEnviron(t, pid)
	var l Lister
	if _, err := l.List(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	was, noted := l.without[pid]
	if !noted {
		t.Fatal("it is not noted that sh has no record")
	}
	now := was.last
	stays := func(looked, ago time.Duration) bool {
		st, err := procfs.ReadStat(pid)
		if err != nil {
			t.Fatal(err)
		}
		w := was
		w.first, w.last = now.Add(-ago-looked), now.Add(-ago)
		return w.stays(&st, now)
	}
	for _, tt := range []struct {
		looked, ago time.Duration
		want        bool
	}{{0, time.Second, false}, {leastWithout, time.Second, true}, {time.Hour, againWithout, false}} {
		if got := stays(tt.looked, tt.ago); got != tt.want {
			t.Errorf("looked at for %v, %v ago: stays %v", tt.looked, tt.ago, got)
		}
	}
	in.Write([]byte("go on\n"))
	for i := 0; stays(time.Hour, time.Second); i++ {
		if i == 6000 {
			t.Fatal("after an exec it is still the same")
		}
		time.Sleep(10 * time.Millisecond)
	}
}
