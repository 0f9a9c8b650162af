package child

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

func TestStatus(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -9 $$": 137, "kill -TERM $$": 143} {
		got, err := Run(exec.Command("sh", "-c", script))
		if err != nil || got != want {
			t.Errorf("%q: status %d, %v, want %d", script, got, err, want)
		}
	}
	if _, err := Run(exec.Command("/nowhere/at/all")); err == nil {
		t.Error("a program that is not there was run")
	}
}

// TestSignals sends signals to this process while a child runs; they must reach the child once each, and not end us.
func TestSignals(t *testing.T) {
	var out bytes.Buffer
	cmd := exec.Command("sh", "-c", `
		for s in HUP USR1 USR2 TERM; do trap "echo got $s" $s; done
		echo ready >&2
		i=0; while [ $i -lt 100 ]; do sleep 0.05; i=$((i+1)); done; exit 5`)
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	c, err := Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := stderr.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGTERM} {
		if err := syscall.Kill(os.Getpid(), sig); err != nil {
			t.Fatal(err)
		}
		time.Sleep(150 * time.Millisecond) // the shell runs a trap after each sleep
	}
	cmd.Process.Kill()
	if state, err := c.Wait(); err != nil || Status(state) != 137 {
		t.Errorf("it ended with %v, %v", state, err)
	}
	if want := "got HUP\ngot USR1\ngot USR2\ngot TERM\n"; out.String() != want {
		t.Errorf("it got %q, want %q", out.String(), want)
	}
}

// TestStopped: a child that is stopped is not taken for one that has ended, and SIGCONT is passed on to it.
func TestStopped(t *testing.T) {
	c, err := Start(exec.Command("sleep", "0.5"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	state := func() string {
		s, err := procfs.ReadStat(c.Pid())
		if err != nil {
			return err.Error()
		}
		return string(s.State)
	}
	if err := syscall.Kill(c.Pid(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.Done():
		t.Fatal("it has ended")
	case <-time.After(800 * time.Millisecond):
	}
	if !strings.HasPrefix(state(), "T") {
		t.Fatalf("it is %s, not stopped", state())
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.Done():
	case <-time.After(10 * time.Second):
		t.Fatalf("it does not go on; it is %s", state())
	}
}
