package procfs

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestLastRan stops a process that never rests, and one that sleeps: since then, not before, it has not run.
func TestLastRan(t *testing.T) {
	const tolerance = 100 * time.Millisecond
	for _, program := range []string{"while :; do :; done", "sleep 100"} {
		cmd := exec.Command("sh", "-c", "exec "+program)
		if program[0] == 'w' {
			cmd = exec.Command("sh", "-c", program)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait()
		})
		time.Sleep(300 * time.Millisecond)
		killed := time.Now()
		syscall.Kill(cmd.Process.Pid, syscall.SIGSTOP)
		for s, err := ReadStat(cmd.Process.Pid); !s.Stopped() && err == nil; s, err = ReadStat(cmd.Process.Pid) {
			time.Sleep(time.Millisecond) // on a busy machine it gets the signal when it has its turn
		}
		stopped := time.Now()
		for range 3 {
			time.Sleep(200 * time.Millisecond)
			last, err := LastRan(cmd.Process.Pid)
			if err != nil {
				t.Skip(err)
			}
			stolen := time.Since(stopped) / 2 // what a hypervisor may have taken of the processor's time
			if last.Before(killed.Add(-tolerance)) || last.After(stopped.Add(tolerance+stolen)) {
				t.Errorf("%s ran %v before it was stopped, or %v after it was", program, killed.Sub(last), last.Sub(stopped))
			}
		}
	}
}
