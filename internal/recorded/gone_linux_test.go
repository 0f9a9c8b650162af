//go:build !awaittrace_portable

package recorded

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestGone has a program that ends, with its record, after it was found: that is no error.
func TestGone(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer cmd.Process.Kill()
	st, err := procfs.ReadStat(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	s := snaptext.MustParse(deadlocked)
	s.Process.Pid = st.Pid
	file := filepath.Join(dir, fmt.Sprintf("%d-%d", st.Pid, st.StartTicks))
	if err := os.WriteFile(file, recordtest.Bytes(s), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := record.List(dir)
	if err != nil || len(list) != 1 || !list[0].Live || list[0].Gone() {
		t.Fatalf("%v, %+v", err, list)
	}
	look := func() (row string, status int, err error) {
		var b bytes.Buffer
		table := &table{users: make(map[int]string), w: tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)}
		table.row(list[0], 0)
		table.w.Flush()
		_, status, err = checkLive(list, CheckOptions{Kinds: locks, Certainty: diagnose.Certain})
		return b.String(), status, err
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if row, _, err := look(); row == "" || err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("the record of a live program is lost: %q, %v", row, err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	row, status, err := look()
	if row != "" || status != StatusNoRecord || err == nil ||
		!strings.Contains(err.Error(), "no instrumented program runs") {
		t.Errorf("the program has ended: %q, %d, %v", row, status, err)
	}
}

// TestAbroad lists a program that has ended, and was the first process of a container: its pid is another one's here.
func TestAbroad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "records")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWAITTRACE_DIR", dir)
	const dead = 999999999
	write := func(pid int, ticks string, namespace uint64) string {
		s := snaptext.MustParse(deadlocked)
		s.Process.Pid, s.Process.Exe = pid, "/bin/shop"
		file := filepath.Join(dir, fmt.Sprintf("%d-%s-%d", pid, ticks, namespace))
		if err := os.WriteFile(file, recordtest.Bytes(s), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	own := procfs.OwnNamespace("pid")
	first := write(1, "1", own+1)
	nearer := write(dead, "2", own)
	write(dead, "3", own+1)
	var out, log bytes.Buffer
	if err := List(&out, &log, 0); err != nil {
		t.Fatal(err)
	}
	want := "shop (in another pid namespace: " + first + ")"
	if lines := strings.Split(out.String(), "\n"); len(lines) != 5 || !strings.HasPrefix(lines[1], "- ") ||
		!strings.HasSuffix(lines[1], want) ||
		!strings.HasPrefix(lines[2], fmt.Sprint(dead)) || !strings.HasPrefix(lines[3], "- ") {
		t.Errorf("the list:\n%s", out.String())
	}
	rec, err := record.Open(dead)
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	if rec.Path != nearer {
		t.Errorf("pid %d: %s, want %s", dead, rec.Path, nearer)
	}
}
