package dlvext

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// TestBrokenCore reads what is left of a core, and one with an executable that it is not of.
func TestBrokenCore(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	exe, pid := deadlocked(t)
	core := filepath.Join(t.TempDir(), "core")
	session(t, "dump "+core+"\nexit\nn\n", "attach", strconv.Itoa(pid))
	ask := func(exe string) string {
		cmd := command("core", exe, core, "--allow-non-terminal-interactive")
		cmd.Stdin = strings.NewReader("stuck\nexit\n")
		out, _ := cmd.CombinedOutput() // its status is not the same in all cases
		return string(out)
	}
	other := program(t, false, "testdata/steps", ".")
	if out := ask(other); strings.Count(out, " is of another executable than ") != 2 ||
		!strings.Contains(out, "Warning: ") {
		t.Errorf("with another executable:\n%s", out)
	}
	info, err := os.Stat(core)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{info.Size() - 100, info.Size() / 2, 1000, 63, 0} {
		if err := os.Truncate(core, size); err != nil {
			t.Fatal(err)
		}
		if out := ask(exe); !strings.HasPrefix(out, "awaittrace: core ") ||
			!strings.Contains(out, " is cut off: it has "+strconv.FormatInt(size, 10)+" bytes") {
			t.Errorf("with %d bytes:\n%s", size, out)
		}
	}
}

// TestGone asks when what was there is not any more: the program that is held, the server, and the program that is
// attached to.
func TestGone(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	for _, test := range []struct {
		name string
		// begin opens a session, and end ends what it is about.
		begin func(t *testing.T, pid int) (args []string, end func())
		want  []string
	}{
		{"program", func(t *testing.T, pid int) ([]string, func()) {
			return []string{"attach", strconv.Itoa(pid)}, func() { syscall.Kill(pid, syscall.SIGKILL) }
		}, []string{"awaittrace report "}},
		{"server", func(t *testing.T, pid int) ([]string, func()) {
			cmd := command()
			addr := serve(t, cmd, pid)
			return []string{"connect", addr}, func() { cmd.Process.Kill() }
		}, []string{"Command failed: the debugger's server has gone"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, pid := deadlocked(t)
			args, end := test.begin(t, pid)
			cmd, in, out := talk(t, args...)
			io.WriteString(in, "stuck\n")
			out.await(t, 2, "(dlv) ")
			end()
			until(t, "the program is let go", func() bool { return !procfs.Traced(pid) })
			io.WriteString(in, "continue\nstuck\nprobe\nexit\n")
			in.Close()
			cmd.Wait() // with an error, as Delve's
			for _, want := range test.want {
				if strings.Count(out.String(), want) != 2 {
					t.Errorf("the session does not say twice %q:\n%s", want, out)
				}
			}
			if err := syscall.Kill(pid, 0); test.name == "server" && err != nil {
				t.Errorf("the program has ended with the server: %v", err)
			}
		})
	}
}

// TestAttachExiting attaches to programs that end meanwhile: the session opens or says why not, and ends with the
// program.
func TestAttachExiting(t *testing.T) {
	t.Parallel()
	exe := program(t, false, bank, ".")
	for i := range 8 {
		cmd := exec.Command(exe)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Duration(i)*20*time.Millisecond, func() {
			cmd.Process.Kill()
			cmd.Wait()
		})
		dlv := command("attach", strconv.Itoa(cmd.Process.Pid), "--allow-non-terminal-interactive")
		dlv.Stdin = strings.NewReader("stuck\ncontinue\nstuck\nexit\nn\n")
		out, err := dlv.CombinedOutput()
		if text := string(out); err != nil && !strings.HasPrefix(text, "awaittrace: ") ||
			strings.Contains(text, "panic") || text == "" {
			t.Errorf("%v:\n%s", err, text)
		}
	}
}
