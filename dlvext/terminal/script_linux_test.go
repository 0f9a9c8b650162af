package terminal

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestScript gives the commands by the script to Delve's terminal, where they take the place of ours: on a process, and on a core that has nothing
// but memory.
func TestScript(t *testing.T) {
	script := filepath.Join(t.TempDir(), "awaittrace.star")
	if err := os.WriteFile(script, []byte(Script()), 0o666); err != nil {
		t.Fatal(err)
	}
	exe, pid := deadlocked(t)
	core := filepath.Join(t.TempDir(), "core")
	ask := "source " + script + "\nhelp stuck\nstuck\nstuck 0\nprobe -g 10\nprobes\nwaitgraph\nholders\n"
	live := session(t, ask+"dump "+core+"\nexit\ny\n", "attach", strconv.Itoa(pid))
	live, dumped, _ := strings.Cut(live, "Dumping memory")
	golden(t, "script", live)
	if dumped == "" {
		t.Fatal("no core was dumped")
	}
	removeRecords(t, pid)
	if out := session(t, "source "+script+"\nstuck 0\nexit\n", "core", exe, core); !strings.Contains(out, "deadlock: goroutines 11, 10 wait for each other's locks") {
		t.Errorf("on a core:\n%s", out)
	}
	plain := start(t, program(t, true, bank, "."), nil)
	if out := session(t, "source "+script+"\nstuck\nexit\nn\n", "attach", strconv.Itoa(plain)); !strings.Contains(out, "no probes: ") || !strings.Contains(out, "(time.Sleep)") {
		t.Errorf("without probes:\n%s", out)
	}
}
