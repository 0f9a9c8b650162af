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
