package record

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
	"github.com/awaittrace/awaittrace/runtime"
)

// process starts a process that does nothing, with a record of it in the folder.
func process(t *testing.T, dir string) (pid int, path string, kill func()) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	kill = func() { cmd.Process.Kill(); cmd.Wait() }
	t.Cleanup(kill)
	pid = cmd.Process.Pid
	st, err := procfs.ReadStat(pid)
	if err != nil {
		t.Fatal(err)
	}
	b := recordtest.Bytes(snaptext.MustParse(twoLocks))
	binary.NativeEndian.PutUint64(b[unsafe.Offsetof(runtime.Header{}.Pid):], uint64(pid))
	binary.NativeEndian.PutUint64(b[unsafe.Offsetof(runtime.Header{}.StartTicks):], st.StartTicks)
	ticks := st.StartTicks
	if portable {
		ticks = uint64(time.Now().UnixNano())
	}
	path = filepath.Join(dir, fmt.Sprintf("%d-%d", pid, ticks))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return pid, path, kill
}

func TestOpenLiveStoppedDead(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("AWAITTRACE_DIR", dir)
	pid, path, kill := process(t, dir)
	check := func(arg, want string) {
		t.Helper()
		r, err := OpenArg(arg)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		s, err := r.Snapshot()
		if err != nil || s.Process.State != want || len(s.Goroutines) != 3 {
			t.Errorf("%s: %v, state %q, want %q", arg, err, s.Process.State, want)
		}
	}
	check(fmt.Sprint(pid), "live")
	check(path, "live")
	if r, err := OpenFile(path); err != nil || r.After() != 0 {
		t.Errorf("-after of a run is known before it is noted: %v, %v", r.After(), err)
	} else {
		r.SetAfter(2500 * time.Millisecond)
		r.Close()
	}
	syscall.Kill(pid, syscall.SIGSTOP)
	for i := 0; i < 6000; i++ {
		if st, _ := procfs.ReadStat(pid); st.Stopped() {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	check(fmt.Sprint(pid), "stopped")
	kill()
	check(fmt.Sprint(pid), "exited")

	r, err := Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := r.After(); got != 2500*time.Millisecond {
		t.Errorf("the record keeps -after %v, want 2.5s", got)
	}
	s, err := r.Snapshot()
	if seen, _ := procfs.Monotonic(0); err != nil || s.Taken > seen || s.Taken < seen-int64(time.Minute) {
		t.Errorf("the moment of death is not when the live program was last seen: %v", time.Duration(s.Taken))
	}
	r.Ended(s.Taken, 9)
	check(path, "killed")
	other := filepath.Join(dir, "copy")
	b, _ := os.ReadFile(path)
	os.WriteFile(other, b, 0o400)
	check(other, "killed")
	if list, err := List(dir); err != nil || len(list) != 1 || list[0].Pid != pid || list[0].Live {
		t.Errorf("List = %v, %v", list, err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("AWAITTRACE_DIR", dir)
	_, path, _ := process(t, t.TempDir()) // its record is in another folder
	pid := strings.Split(filepath.Base(path), "-")[0]
	bad := filepath.Join(dir, "bad")
	os.WriteFile(bad, []byte("no record at all, but long enough"), 0o600)
	tests := []struct{ arg, want string }{
		{pid, "is not an instrumented program"},
		{"999999999", "no process 999999999"},
		{"-1", "is not a process"},
		{"0", "is not a process"},
		{filepath.Join(dir, "none"), "no record"},
		{dir, "not a record"},
		{bad, "not a record of an instrumented program"},
		{"/dev/null", "not a record"},
	}
	for _, tt := range tests {
		r, err := OpenArg(tt.arg)
		if err == nil {
			r.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("OpenArg(%q): %v, want one line with %q", tt.arg, err, tt.want)
		}
	}
	if list, err := List(filepath.Join(dir, "none")); err != nil || len(list) > 0 {
		t.Errorf("a folder that is not there: %v, %v", list, err)
	}
	if list, err := List(dir); err != nil || len(list) > 0 {
		t.Errorf("a folder without records: %v, %v", list, err)
	}
}
