//go:build !awaittrace_portable

package record

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
	collector "github.com/awaittrace/awaittrace/runtime"
)

// childEnv makes the test binary a program with a record. The program prints "ready" when one of its goroutines is
// about to wait for a lock for ever.
const childEnv = "AWAITTRACE_RECORD_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		stuckProgram()
	}
	os.Exit(m.Run())
}

func stuckProgram() {
	var mu sync.Mutex
	sites := [...]collector.Site{
		0: {File: &collector.File{Name: "/src/main.go", Text: "main.main\n\tmu.Lock()\n"}, Text: 10, Line: 1,
			Op: collector.OpLock, Kind: collector.KindMutex},
		1: {Index: 1, Text: 10, Line: 2, Op: collector.OpLock, Kind: collector.KindMutex},
	}
	go func() {
		collector.Lock(&sites[0], &mu)
		fmt.Println("ready")
		collector.Lock(&sites[1], &mu)
	}()
	time.Sleep(10 * time.Minute)
	os.Exit(0)
}

// A stuck is a running program with a record and a goroutine that waits.
type stuck struct {
	*exec.Cmd
	pid int // as this process sees it
}

// startStuck starts the program with a command before it, such as unshare with its flags, and variables in its
// environment.
func startStuck(t *testing.T, before []string, env ...string) *stuck {
	t.Helper()
	args := append(append([]string{}, before...), os.Args[0])
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), append(env, childEnv+"=1")...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Skipf("cannot start %q: %v", args, err)
	}
	p := &stuck{Cmd: cmd, pid: cmd.Process.Pid}
	t.Cleanup(p.kill)
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		p.kill()
		t.Skipf("%q is not permitted here: %s", before, line)
	}
	// The program is the command itself, or the last of its descendants.
	for len(before) > 0 && before[0] == "unshare" && procfs.Child(p.pid) != 0 {
		p.pid = procfs.Child(p.pid)
	}
	return p
}

func (p *stuck) kill() {
	if p.ProcessState == nil {
		syscall.Kill(p.pid, syscall.SIGKILL)
		syscall.Kill(-p.Process.Pid, syscall.SIGKILL)
		p.Wait()
	}
}

func unshare(flags ...string) []string { return append([]string{"unshare"}, flags...) }

// privateDir returns a folder that may have records.
func privateDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// sharedDir returns a folder below /dev/shm. Some programs have another /dev/shm than this process. The folder is
// removed after the programs that were started since.
func sharedDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "awaittrace-where-")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// checkStuck opens the record of a program by its pid in this namespace, and checks its content.
func checkStuck(t *testing.T, p *stuck) *Record {
	t.Helper()
	r, err := Open(p.pid)
	if err != nil {
		t.Fatalf("Open(%d): %v", p.pid, err)
	}
	t.Cleanup(func() { r.Close() })
	var s *snapshot.Snapshot
	waitFor(t, func() bool { // it is ready when it is about to wait
		s, err = r.Snapshot()
		return err != nil || len(s.Goroutines) > 0 && len(s.Goroutines[0].Waits) > 0
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Process.Pid != p.pid || s.Process.State != "live" || len(s.Goroutines) == 0 ||
		len(s.Goroutines[0].Waits) != 1 || len(s.Goroutines[0].Holds) != 1 {
		t.Errorf("process %+v, goroutines %+v", s.Process, s.Goroutines)
	}
	if len(s.Dropped) > 0 {
		t.Errorf("incomplete: %v", s.Dropped)
	}
	if wait := time.Duration(s.Taken - s.Goroutines[0].LastAt); wait < 0 || wait > 10*time.Minute {
		t.Errorf("it has waited for %v", wait)
	}
	if s.Process.Doubt != "" {
		t.Errorf("in doubt: %s", s.Process.Doubt)
	}
	if tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", p.pid)); err == nil {
		thread, _ := strconv.Atoi(tasks[len(tasks)-1].Name())
		r, err := Open(thread)
		if err != nil || r.Pid != p.pid || thread == p.pid {
			t.Errorf("by its thread %d: %v", thread, err)
		}
		if err == nil {
			r.Close()
		}
	}
	listed := false
	list, err := List(Dir())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		listed = listed || e.Pid == p.pid && e.Live && e.Process() == p.pid
	}
	if !listed {
		t.Errorf("process %d is not listed: %+v", p.pid, list)
	}
	return r
}

// TestNamespaces finds the records of programs wherever they run, and whatever has happened to the files.
func TestNamespaces(t *testing.T) {
	tests := []struct {
		name   string
		before []string
		path   bool // the record has a file with a name that is usable from here
	}{
		{"here", nil, true},
		{"pid namespace", unshare("-pf", "--mount-proc"), true},
		{"pid namespace with the /proc of another", unshare("-pf"), true},
		{"mount namespace", unshare("-m", "sh", "-c", `mount -t tmpfs tmpfs /dev/shm && exec "$@"`, "sh"), true},
		{"container", unshare("-mpfiun", "--mount-proc", "sh", "-c", `mount -t tmpfs tmpfs /dev/shm && exec "$@"`,
			"sh"), true},
		{"user namespace", unshare("-Urpf", "--mount-proc"), true},
		{"time namespace", unshare("-Tpf", "--boottime", "100000", "--monotonic", "777777"), true},
		{"unlinked", []string{"sh", "-c", `(until rm $AWAITTRACE_DIR/*-* 2>/dev/null; do sleep .1; done) & exec "$@"`,
			"sh"}, false},
		{"no folder", []string{"env", "AWAITTRACE_DIR=/proc/none"}, false},
		{"folder open to others", []string{"sh", "-c", `chmod 755 $AWAITTRACE_DIR; exec "$@"`, "sh"}, false},
		{"file size limit", []string{"sh", "-c", `ulimit -f 1000; exec "$@"`, "sh"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := sharedDir(t)
			p := startStuck(t, tt.before, "AWAITTRACE_DIR="+dir)
			t.Setenv("AWAITTRACE_DIR", "") // as for a user who does not know where it is
			os.Unsetenv("AWAITTRACE_DIR")
			if tt.name == "unlinked" {
				waitFor(t, func() bool { files, _ := filepath.Glob(dir + "/*-*"); return len(files) == 0 })
			}
			r := checkStuck(t, p)
			if (r.Path != "") != tt.path {
				t.Errorf("path %q, want one: %v", r.Path, tt.path)
			}
			if !tt.path && tt.name != "unlinked" {
				if s, err := r.Snapshot(); err != nil || s.Process.Unkept == "" {
					t.Errorf("the report does not say why there is no record: %v", err)
				}
			}
			p.kill()
			if r.file != nil {
				waitFor(t, func() bool { s, err := r.Snapshot(); return err == nil && s.Process.State == "exited" })
			}
		})
	}
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not come about")
		}
	}
}

// TestTwoFirst has two programs that are both process 1, and share a folder. Each must have its own record, and the end
// of one must not end the other.
func TestTwoFirst(t *testing.T) {
	dir := privateDir(t)
	t.Setenv("AWAITTRACE_DIR", dir)
	a := startStuck(t, unshare("-pf", "--mount-proc"))
	b := startStuck(t, unshare("-pf", "--mount-proc"))
	if files, _ := filepath.Glob(dir + "/1-*-*"); len(files) != 2 {
		t.Fatalf("records %q, want two", files)
	}
	checkStuck(t, a)
	checkStuck(t, b)
	a.kill()
	waitFor(t, func() bool { _, live := procfs.Is(a.pid, 0); return !live })
	checkStuck(t, b)
	list, err := List(dir)
	if err != nil || len(list) != 2 {
		t.Fatalf("List = %+v, %v", list, err)
	}
	for _, e := range list {
		if e.Live != (e.Pid == b.pid) {
			t.Errorf("%+v: live %v", e, e.Live)
		}
	}
	checkEnded := func() {
		t.Helper()
		if ended, err := Ended(dir); err != nil || len(ended) != 1 || ended[0].Live {
			t.Errorf("Ended = %+v, %v", ended, err)
		}
	}
	checkEnded()
	for _, e := range list {
		if e.Live { // as if the file system had no locks
			path := e.mapping.Path
			if err := os.Rename(path, path[:strings.LastIndexByte(path, '-')]); err != nil {
				t.Fatal(err)
			}
		}
	}
	checkEnded()
}

// TestHidden reads the record of a program in a pid namespace whose processes the reader cannot see. It must be live
// all the same, and no visible process may count as the program.
func TestHidden(t *testing.T) {
	dir := privateDir(t)
	p := startStuck(t, nil, "AWAITTRACE_DIR="+dir)
	reader := exec.Command("unshare", "-pf", "--mount-proc", os.Args[0], "-test.run=TestHiddenReader", "-test.v")
	reader.Env = append(os.Environ(), "AWAITTRACE_DIR="+dir, "AWAITTRACE_HIDDEN="+strconv.Itoa(p.pid))
	out, err := reader.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "TestHiddenReader") {
		t.Skipf("%v: %s", err, out)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestHiddenReader(t *testing.T) {
	pid, _ := strconv.Atoi(os.Getenv("AWAITTRACE_HIDDEN"))
	if pid == 0 {
		t.Skip("TestHidden starts it")
	}
	list, err := List(Dir())
	if err != nil || len(list) != 1 || !list[0].Live || list[0].Process() != 0 || !list[0].Hidden() {
		t.Fatalf("List = %+v, %v", list, err)
	}
	r, err := OpenFile(list[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if s, err := r.Snapshot(); err != nil || s.Process.State != "live" || r.Process() != 0 || len(s.Goroutines) == 0 {
		t.Errorf("%+v, %v", s.Process, err)
	}
	if r, err := Open(pid); err == nil {
		t.Errorf("pid %d, which is none here, has the record %+v", pid, r.Entry)
	}
}

// TestPreviousName reads records with names by earlier collectors.
func TestPreviousName(t *testing.T) {
	for name, want := range map[string]fileName{
		"4711-99":    {pid: 4711, ticks: 99},
		"4711-99-12": {pid: 4711, ticks: 99, ns: 12, locked: true},
		"1-0-5":      {pid: 1, ns: 5, locked: true},
	} {
		if got, ok := parseName(name); !ok || got != want {
			t.Errorf("parseName(%q) = %+v, %v", name, got, ok)
		}
	}
	for _, name := range []string{"", "1", "-1-2", "1-2-3-4", "a-b", "1--2", "1-2-", ".1-2-3", "swept"} {
		if n, ok := parseName(name); ok {
			t.Errorf("parseName(%q) = %+v", name, n)
		}
	}
}

// TestOtherUser has another user forge what root reads: a folder of root's name, a record for a program of root's, and
// programs whose record promises more memory than exists.
func TestOtherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	const other = 65534
	t.Run("folder", func(t *testing.T) {
		dir := t.TempDir()
		for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
			os.Chmod(d, 0o755)
		}
		forged := filepath.Join(dir, "forged")
		os.Mkdir(forged, 0o700)
		// The collector does not put the record into that folder once it is another user's.
		p := startStuck(t, nil, "AWAITTRACE_DIR="+forged)
		st, _ := procfs.ReadStat(p.pid)
		if err := os.WriteFile(filepath.Join(forged, fmt.Sprintf("%d-%d", p.pid, st.StartTicks)), []byte("anything"),
			0o600); err != nil {
			t.Fatal(err)
		}
		files, _ := filepath.Glob(forged + "/*")
		for _, f := range append(files, forged) {
			os.Chown(f, other, other)
		}
		t.Setenv("AWAITTRACE_DIR", forged)
		// The file that the program has mapped is another user's by now. No program makes such a file.
		if r, err := Open(p.pid); err == nil {
			s, _ := r.Snapshot()
			if s == nil || s.Process.Doubt == "" {
				t.Errorf("a record that is another user's is believed: %+v", s)
			}
			r.Close()
		}
		list, err := List(forged)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list {
			if e.Doubt == "" && e.mapping == nil {
				t.Errorf("%+v is not in doubt", e)
			}
		}
		if FolderFault(forged) == "" {
			t.Error("nothing is wrong with the folder of another user")
		}
	})
	t.Run("folder that was there first", func(t *testing.T) { // it has a file of the record's name
		dir := t.TempDir()
		os.Chown(dir, other, other)
		p := startStuck(t, nil, "AWAITTRACE_DIR="+dir)
		st, _ := procfs.ReadStat(p.pid)
		for _, name := range []string{"", fmt.Sprintf("-%d", procfs.OwnNamespace("pid"))} {
			forged := filepath.Join(dir, fmt.Sprintf("%d-%d%s", p.pid, st.StartTicks, name))
			os.WriteFile(forged, recordtest.Bytes(snaptext.MustParse(twoLocks)), 0o600)
			os.Chown(forged, other, other)
		}
		t.Setenv("AWAITTRACE_DIR", dir)
		if r := checkStuck(t, p); r.Path != "" {
			t.Errorf("the record is %s", r.Path)
		}
	})
	t.Run("another user's program", func(t *testing.T) {
		dir := t.TempDir()
		for d := dir; d != "/" && d != os.TempDir(); d = filepath.Dir(d) {
			os.Chmod(d, 0o755)
		}
		exe := filepath.Join(dir, "program")
		if b, err := os.ReadFile(os.Args[0]); err != nil || os.WriteFile(exe, b, 0o755) != nil {
			t.Fatal(err)
		}
		records := sharedDir(t)
		os.Chown(records, other, other)
		p := startStuck(t, []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env",
			"AWAITTRACE_DIR=" + records, exe})
		t.Setenv("AWAITTRACE_DIR", "")
		os.Unsetenv("AWAITTRACE_DIR")
		if r := checkStuck(t, p); r.UID != other {
			t.Errorf("it belongs to %d", r.UID)
		}
	})
	t.Run("link", func(t *testing.T) { // a user who can write into a folder must not lead root to other files
		dir := privateDir(t)
		target := filepath.Join(t.TempDir(), "target")
		os.WriteFile(target, make([]byte, 8192), 0o600)
		os.Symlink(target, filepath.Join(dir, "1-2-3"))
		if list, err := List(dir); err != nil || len(list) != 0 {
			t.Errorf("List = %+v, %v", list, err)
		}
	})
}

// TestForgedMemfd has a program whose anonymous file claims to be a record with room for everything. Reading it must
// take no more memory than it has.
func TestForgedMemfd(t *testing.T) {
	fd, err := unix.MemfdCreate("awaittrace", unix.MFD_CLOEXEC)
	if err != nil {
		t.Skip(err)
	}
	f := os.NewFile(uintptr(fd), "memfd")
	defer f.Close()
	for _, change := range []func(*collector.Header){
		func(h *collector.Header) { h.SlotCap, h.Slots = 1<<31, 1<<31 },
		func(h *collector.Header) { h.SiteCap, h.Sites = 1<<31, 1<<31-1 },
		func(h *collector.Header) { h.StrCap, h.StrLen = 1<<32-1, 1<<32-1 },
		func(h *collector.Header) { h.ObjCap = 1 << 31 },
		func(h *collector.Header) { h.MetaLen = 1<<32 - 1 },
		func(h *collector.Header) { h.OrphanCap, h.Orphans = 1<<31, 1<<31 },
		func(h *collector.Header) { h.TestCap, h.Tests = 1<<31, 1<<31 },
		func(h *collector.Header) { h.SlotCap, h.Slots = collector.MaxSlots, collector.MaxSlots },
	} {
		h := collector.Header{
			Magic: collector.Magic, Version: collector.Version, HeaderSize: uint32(unsafeSizeof),
			SlotSize: collector.SlotSize,
			ObjSize:  collector.ObjSize, SiteSize: collector.SiteSize, OrphanSize: collector.OrphanSize,
			TestSize: collector.TestSize, Size: 1 << 44,
		}
		change(&h)
		f.Truncate(1 << 44)
		f.WriteAt(headerBytes(&h), 0)
		grown := allocatedBy(func() { readRecord(Source{Data: f, Size: 1 << 44}, 0, partWhole) })
		if grown > 64<<20 {
			t.Errorf("%+v: reading took %d MB", h, grown>>20)
		}
	}
}
