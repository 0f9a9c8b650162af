package watch

import (
	"bufio"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

func TestStatus(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -9 $$": 137, "kill -TERM $$": 143} {
		got, err := Alone(exec.Command("sh", "-c", script))
		if err != nil || got != want {
			t.Errorf("%q: status %d, %v, want %d", script, got, err, want)
		}
	}
	if _, err := Alone(exec.Command("/nowhere/at/all")); err == nil {
		t.Error("a program that is not there was run")
	}
}

// TestSignals sends signals to this process while a child runs. They must reach the child once each, and not end this
// process.
func TestSignals(t *testing.T) {
	got := make(chan os.Signal, 8) // so that none is ignored, as nohup ignores SIGHUP
	signal.Notify(got, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTERM)
	defer signal.Stop(got)
	cmd := exec.Command("sh", "-c", `
		for s in HUP USR1 USR2 TERM; do trap "echo got $s" $s; done
		echo ready
		while :; do sleep 0.05; done`)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c, err := Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	timer := time.AfterFunc(testPatience, func() { cmd.Process.Kill() })
	defer timer.Stop()
	out := bufio.NewScanner(stdout)
	want := []string{"ready", "got HUP", "got USR1", "got USR2", "got TERM"}
	for i, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTERM, 0} {
		// The shell runs a trap after each sleep.
		if !out.Scan() || out.Text() != want[i] {
			t.Fatalf("it got %q, want %q", out.Text(), want[i])
		}
		if err := syscall.Kill(os.Getpid(), sig); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Process.Kill()
	for out.Scan() {
		t.Errorf("then it got %q", out.Text())
	}
	if state, err := c.Wait(); err != nil || Status(state) != 137 {
		t.Errorf("it ended with %v, %v", state, err)
	}
}

// TestStopped checks that a stopped child does not count as ended, and that SIGCONT is passed on to it.
func TestStopped(t *testing.T) {
	cmd := exec.Command("sleep", "1000")
	c, err := Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	defer cmd.Process.Kill()
	await := func(stopped bool) {
		t.Helper()
		for end := time.Now().Add(testPatience); ; time.Sleep(5 * time.Millisecond) {
			s, err := procfs.ReadStat(c.Pid())
			if err == nil && s.Stopped() == stopped {
				return
			}
			if err != nil || time.Now().After(end) {
				t.Fatalf("its state is %c, %v; want stopped %v", s.State, err, stopped)
			}
		}
	}
	if err := syscall.Kill(c.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	await(true)
	select {
	case <-c.Done():
		t.Fatal("it has ended")
	case <-time.After(300 * time.Millisecond):
	}
	await(true)
	if err := syscall.Kill(os.Getpid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	await(false)
	cmd.Process.Kill()
	select {
	case <-c.Done():
	case <-time.After(testPatience):
		t.Fatal("it is killed, and has not ended")
	}
}

// testPatience bounds a wait for what must happen, on a machine that may be very busy.
const testPatience = time.Minute

// TestIgnored starts two programs, as run does with the build and what it built: both inherit that a signal is ignored.
func TestIgnored(t *testing.T) {
	signal.Ignore(syscall.SIGHUP) // as by nohup
	defer signal.Reset(syscall.SIGHUP)
	for _, which := range []string{"first", "second"} {
		// sh cannot trap what it inherits as ignored
		cmd := exec.Command("sh", "-c", "trap 'exit 7' HUP; kill -HUP $$; exit 0")
		status, err := Alone(cmd)
		if err != nil || status != 0 {
			t.Errorf("%s: %v, exit status %d: it does not ignore the signal", which, err, status)
		}
	}
}

// TestHearInterrupt hears a signal while a build runs, and has it ignored by the program that comes after it.
func TestHearInterrupt(t *testing.T) {
	signal.Ignore(syscall.SIGINT) // as a shell does for what a script puts in the background
	defer signal.Reset(syscall.SIGINT)
	ended := make(chan struct{})
	heard, release := HearInterrupt(func() { close(ended) })
	if heard() {
		t.Error("it heard what was not sent")
	}
	if status, err := Alone(exec.Command("sh", "-c", "kill -INT $PPID; sleep 10")); err != nil || status == 0 {
		t.Errorf("the build was not interrupted: %v, exit status %d", err, status)
	}
	if !heard() {
		t.Error("it did not hear the signal")
	}
	<-ended
	release()
	if status, err := Alone(exec.Command("sh", "-c", "kill -INT $$; exit 7")); err != nil || status != 7 {
		t.Errorf("the program does not ignore the signal: %v, exit status %d", err, status)
	}
}
