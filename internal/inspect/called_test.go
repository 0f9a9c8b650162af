package inspect

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// TestCalledSince has goroutines in C code whose thread has not run for long: one that reached its last probe before,
// and one that did so a moment ago.
func TestCalledSince(t *testing.T) {
	cmd := exec.Command("sleep", "100")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	const least = 300 * time.Millisecond
	slept := procfs.Slept(cmd.Process.Pid, least)
	for start := time.Now(); time.Since(start) < 10*time.Second; slept = procfs.Slept(cmd.Process.Pid, least) {
		if _, ok := slept.Of(cmd.Process.Pid); ok {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	d, ok := slept.Of(cmd.Process.Pid)
	if !ok {
		t.Skip("the kernel does not tell how long threads sleep")
	}
	const taken = int64(time.Hour)
	s := &snapshot.Snapshot{Taken: taken}
	want := []int64{taken - int64(d), taken - 1e6, 0}
	for _, last := range want[:2] {
		s.Goroutines = append(s.Goroutines,
			snapshot.Goroutine{State: "syscall", ThreadID: cmd.Process.Pid, LastAt: last})
	}
	s.Goroutines[0].LastAt = 1
	s.Goroutines = append(s.Goroutines, snapshot.Goroutine{State: "syscall", ThreadID: os.Getpid()})
	calledSince(s, slept)
	for i, want := range want {
		got := int64(0)
		if b := s.Goroutines[i].Blocked; b != nil {
			got = b.Since
		}
		if got != want {
			t.Errorf("goroutine %d has been there since %d, want %d", i, got, want)
		}
	}
}
