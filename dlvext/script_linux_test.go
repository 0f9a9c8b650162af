package dlvext

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestScript gives the commands by the script to Delve's terminal, where they take the place of ours: on a process, and
// on a core that has nothing but memory.
func TestScript(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "awaittrace.star")
	if err := os.WriteFile(script, []byte(Script()), 0o666); err != nil {
		t.Fatal(err)
	}
	exe, pid := deadlocked(t)
	const deadlock = "3 of 5 goroutines are stuck: 3 in a deadlock or behind one, 0 waiting\n" +
		"deadlock: goroutines 10, 11 wait for each other\n"
	core := filepath.Join(t.TempDir(), "core")
	debuggers := map[string]func() *exec.Cmd{"awaittrace dlv": func() *exec.Cmd { return command() }}
	if !testing.Short() {
		dlv := buildDelve(t)
		debuggers["dlv"] = func() *exec.Cmd {
			cmd := exec.Command(dlv)
			cmd.Dir = bank
			return cmd
		}
	}
	run := func(debugger func() *exec.Cmd, script string, args ...string) string {
		cmd := debugger()
		cmd.Args = append(append(cmd.Args, args...), "--allow-non-terminal-interactive")
		return converse(t, cmd, strings.NewReader(script))
	}
	ask := "source " + script + "\nhelp stuck\nstuck -after 3600\nstuck -all -after 0s\nstuck x\nprobe -g 10\n" +
		"probes\nwaitgraph\nholders\n"
	for _, debugger := range debuggers {
		waitGone(t, pid)
		live := run(debugger, ask+"dump "+core+"\nexit\nn\n", "attach", strconv.Itoa(pid))
		live, dumped, _ := strings.Cut(live, "Dumping memory")
		golden(t, "script", live)
		if dumped == "" {
			t.Fatal("no core was dumped")
		}
	}
	waitGone(t, pid)
	if out := run(debuggers["awaittrace dlv"], "source "+script+"\nstuck -after 0\nexit\nn\n", "connect",
		headless(t, pid)); !strings.Contains(out, deadlock) {
		t.Errorf("on a server:\n%s", out)
	}
	syscall.Kill(pid, syscall.SIGKILL)
	removeRecords(t, pid)
	for name, debugger := range debuggers {
		if out := run(debugger, "source "+script+"\nstuck -after 0\nexit\n", "core", exe, core); !strings.Contains(out,
			deadlock) {
			t.Errorf("%s on a core:\n%s", name, out)
		}
	}
	plain := start(t, program(t, true, bank, "."), nil)
	awaitLocks(t, plain)
	if out := session(t, "source "+script+"\nstuck\nexit\nn\n", "attach", strconv.Itoa(plain)); !strings.Contains(out,
		"no probes: ") || !strings.Contains(out, "(time.Sleep)") {
		t.Errorf("without probes:\n%s", out)
	}
}

// TestScriptChannels compares what the script says of a deadlock that goes by channels with what the diagnosis says.
func TestScriptChannels(t *testing.T) {
	t.Parallel()
	script := filepath.Join(t.TempDir(), "awaittrace.star")
	if err := os.WriteFile(script, []byte(Script()), 0o666); err != nil {
		t.Fatal(err)
	}
	exe := program(t, false, "../testdata/hang", ".")
	// After five seconds it gives up.
	out := session(t, "break main.go:80\ncontinue\nstuck -after 1s\nsource "+script+"\nstuck -after 1s\nexit\n", "exec",
		exe)
	if strings.Count(out, "6 of 7 goroutines are stuck: 6 in a deadlock") != 2 {
		t.Errorf("the session says:\n%s", out)
	}
}
