package procfs

import (
	"os"
	"os/exec"
	"path/filepath"
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
				t.Errorf("%s ran %v before it was stopped, or %v after it was", program, killed.Sub(last),
					last.Sub(stopped))
			}
		}
	}
}

// TestNotRun has what the kernel says of a thread that has just been made: it has not slept since the machine started.
func TestNotRun(t *testing.T) {
	name := filepath.Join(t.TempDir(), "sched")
	for value, ok := range map[string]bool{"0.000000": false, "20025389.714216": true} {
		text := "sleep (123, #threads: 1)\nse.exec_start                                :" + value + "\n"
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if at, err := lastRan(name); (err == nil) != ok {
			t.Errorf("a thread with %s ran at %v, %v", value, at, err)
		}
	}
}

// TestSlept has a process that sleeps in a read, is stopped there, goes on, and is stopped when it waits for another
// one.
func TestSlept(t *testing.T) {
	cmd := exec.Command("sh", "-c", "read x; sleep 100; :")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		cmd.Wait()
	})
	pid := cmd.Process.Pid
	until := func(what string, is func() bool) {
		for start := time.Now(); !is(); time.Sleep(time.Millisecond) {
			if time.Since(start) > time.Minute {
				t.Fatal(what)
			}
		}
	}
	stop := func() {
		syscall.Kill(pid, syscall.SIGSTOP)
		until("it does not stop", func() bool { s, err := ReadStat(pid); return err == nil && s.Stopped() })
	}
	const least = 20 * time.Millisecond
	until("it does not read", func() bool {
		nr, fd, ok := systemCall(pid, pid)
		return ok && nr == syscall.SYS_READ && fd == 0
	})
	read := sleepsIn(pid, pid)
	slept, ok := Slept(pid, least), false
	for n := 0; n < 2000; n++ { // it may have been on its way into the call
		if _, ok = slept.Of(pid); ok {
			break
		}
		time.Sleep(time.Millisecond)
		slept = Slept(pid, least)
	}
	if !ok {
		t.Skip("the kernel does not tell how long threads sleep")
	}
	if d, ok := Slept(pid, time.Hour).Of(pid); ok {
		t.Errorf("it has slept for %v, an hour at least", d)
	}
	stop()
	slept.Stopped()
	if d, ok := slept.Of(pid); !ok || d < least {
		t.Errorf("when it is stopped in the read: %v, %v", d, ok)
	}
	syscall.Kill(pid, syscall.SIGCONT)
	in.Write([]byte("\n"))
	until("it does not go on", func() bool { at := sleepsIn(pid, pid); return at != "" && at != read })
	stop()
	slept.Stopped()
	if d, ok := slept.Of(pid); ok {
		t.Errorf("when it is stopped elsewhere: it has slept for %v", d)
	}
}
