package procfs

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/awaittrace/awaittrace/internal/testing/affinity"
)

// TestTurns has loops on one processor, and a process there that sleeps. A loop runs, or is kept from running, all the
// time; the sleeping process is neither.
func TestTurns(t *testing.T) {
	if _, ok := readTurns(Root + "/thread-self/schedstat"); !ok {
		t.Skip("the kernel does not say how long a thread has waited")
	}
	loop := startOnOne(t, "while :; do :; done")
	for range 3 {
		startOnOne(t, "while :; do :; done")
	}
	sleeper := startOnOne(t, "exec sleep 100")
	for end := time.Now().Add(time.Minute); !sleeps(sleeper) && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	var ofLoop, ofSleeper Meter
	start := time.Now()
	if d := ofLoop.Read(loop); d != (Turns{}) {
		t.Errorf("%+v before the first call", d)
	}
	ofSleeper.Read(sleeper)
	var turns Turns
	var elapsed time.Duration
	for until := start.Add(time.Minute); elapsed < time.Second || turns.Kept+turns.Ran < elapsed*3/4; {
		if time.Now().After(until) {
			break // the kernel has not counted what it should
		}
		time.Sleep(50 * time.Millisecond)
		turns, elapsed = ofLoop.Read(loop), time.Since(start)
	}
	if turns.Ran == 0 || turns.Kept < elapsed/2 || turns.Kept+turns.Ran < elapsed*3/4 {
		t.Errorf("in %v a loop had the turns %+v", elapsed, turns)
	}
	if d := ofSleeper.Read(sleeper); d != (Turns{}) {
		t.Errorf("a process that sleeps had the turns %+v", d)
	}
	if !Ready(loop) || Ready(sleeper) {
		t.Errorf("a loop is ready: %t, a process that sleeps is: %t", Ready(loop), Ready(sleeper))
	}
}

// sleeps reports whether a process is in the call that sleeps.
func sleeps(pid int) bool {
	nr, _, ok := systemCall(pid, pid)
	return ok && (nr == unix.SYS_CLOCK_NANOSLEEP || nr == unix.SYS_NANOSLEEP)
}

// startOnOne starts a shell on the first processor and returns its pid.
func startOnOne(t *testing.T, script string) int {
	t.Helper()
	cmd := exec.Command("sh", "-c", script)
	affinity.First(t, func() {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	})
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd.Process.Pid
}

// TestReadTurns reads what kernels say, and what they may say.
func TestReadTurns(t *testing.T) {
	for text, want := range map[string]Turns{
		"68732 2000 7\n": {68732, 2000}, "0 0 0\n": {}, "": {-1, -1}, "12\n": {-1, -1}, "1 x 2": {-1, -1},
	} {
		name := filepath.Join(t.TempDir(), "schedstat")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if turns, ok := readTurns(name); ok != (want.Ran >= 0) || ok && turns != want {
			t.Errorf("%q: %+v, %t, want %+v", text, turns, ok, want)
		}
	}
}
