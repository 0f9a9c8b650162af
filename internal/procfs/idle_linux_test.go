package procfs

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// TestIdle stops a process that never rests, and one that sleeps: since then, not before, it is idle.
func TestIdle(t *testing.T) {
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
		syscall.Kill(cmd.Process.Pid, syscall.SIGSTOP)
		for s, err := ReadStat(cmd.Process.Pid); !s.Stopped() && err == nil; s, err = ReadStat(cmd.Process.Pid) {
			time.Sleep(time.Millisecond) // on a busy machine it gets the signal when it has its turn
		}
		stopped := time.Now()
		for range 3 {
			time.Sleep(200 * time.Millisecond)
			idle, err := Idle(cmd.Process.Pid)
			if err != nil {
				t.Skip(err)
			}
			if d := idle - time.Since(stopped); d < -100*time.Millisecond || d > 100*time.Millisecond {
				t.Errorf("%s: idle for %v, stopped for %v", program, idle, time.Since(stopped))
			}
		}
	}
}
