package inspect

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
	"github.com/awaittrace/awaittrace/runtime"
)

// TestOpenErrors: one line for everything that is no program.
func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("AWAITTRACE_DIR", dir)
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	text, core, old := filepath.Join(dir, "text"), filepath.Join(dir, "core"), filepath.Join(dir, "old")
	header := binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint64(nil, runtime.Magic), runtime.Version-2)
	for file, content := range map[string]string{text: "no record", core: "\x7fELF, or not",
		old: string(header) + "rest"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct{ arg, exe, want string }{
		{fmt.Sprint(cmd.Process.Pid), "", "(sleep) is not a Go program"},
		{fmt.Sprint(cmd.Process.Pid), text, "only a core needs an executable"},
		{"999999999", "", "no process 999999999"},
		{"-1", "", "is not a process"},
		{"0", "", "is not a process"},
		{filepath.Join(dir, "none"), "", "no file"},
		{dir, "", "not a record"},
		{"/dev/null", "", "not a record"},
		{text, "", "not a record of an instrumented program; nor is it a core or a goroutine dump"},
		{text, text, "is not a core"},
		{core, "", "as a core"},
		{core, text, "is not a Go program"},
	} {
		s, err := Open(tt.arg, tt.exe)
		if err == nil {
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Open(%q, %q): %v, want one line with %q", tt.arg, tt.exe, err, tt.want)
		}
	}
	want := fmt.Sprintf("record of version %d, this awaittrace reads versions %d to %d: use the awaittrace that "+
		"built the program, or build it anew",
		runtime.Version-2, runtime.Version-1, runtime.Version)
	if _, err := Open(old, ""); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("a record of another version: %v, want what ends in %q", err, want)
	}
}

// TestStayed: of two looks, a goroutine that waits for the same reason and has not left its processor between them has
// waited since the first.
func TestStayed(t *testing.T) {
	waiting := func(id int64, reason string) snapshot.Goroutine {
		return snapshot.Goroutine{ID: id, State: "waiting", Reason: reason}
	}
	before := &snapshot.Snapshot{Taken: int64(time.Second), Goroutines: []snapshot.Goroutine{
		waiting(1, "chan receive"), waiting(2, "chan receive"), waiting(3, "select"), {ID: 4, State: "running"},
		waiting(6, "sleep"),
	}}
	now := &snapshot.Snapshot{Taken: int64(3 * time.Second), Goroutines: []snapshot.Goroutine{
		waiting(1, "chan receive"), waiting(2, "chan receive"), waiting(3, "chan send"), {ID: 4, State: "running"},
		waiting(5, "sleep"), waiting(6, "sleep"),
	}}
	now.Goroutines[5].Blocked = &snapshot.Blocked{Since: 1} // a garbage collection has noticed it earlier
	stayed(now, &target.Result{Parks: []uint8{7, 9, 7, 7, 7, 7}}, before, &target.Result{Parks: []uint8{7, 8, 7, 7, 7}})
	got := make(map[int64]int64)
	for _, g := range now.Goroutines {
		if g.Blocked != nil {
			got[g.ID] = g.Blocked.Since
		}
	}
	if want := fmt.Sprint(map[int64]int64{1: 1e9, 6: 1}); fmt.Sprint(got) != want {
		t.Errorf("got times %v, want %v", got, want)
	}
}
