//go:build linux && (amd64 || arm64) && !awaittrace_portable

package runtime

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Tests here run this test binary again, as a program of its own: AWAITTRACE_CHILD names the function that it runs.
var children = map[string]func(){
	"clean":    clean,
	"busy":     busy,
	"lockstep": lockstep,
}

func TestMain(m *testing.M) {
	if f := children[os.Getenv("AWAITTRACE_CHILD")]; f != nil {
		f()
		return
	}
	dir, err := os.MkdirTemp("/dev/shm", "awaittrace-test-")
	if err == nil {
		os.Setenv("AWAITTRACE_DIR", dir)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// program returns the command that runs a program of this architecture. AWAITTRACE_TEST_EXEC is like go test's -exec,
// for programs that tests start.
func program(name string) []string {
	return append(strings.Fields(os.Getenv("AWAITTRACE_TEST_EXEC")), name)
}

// child runs a child with env added to its environment, and returns its output.
func child(t *testing.T, name string, env ...string) (string, error) {
	t.Helper()
	args := program(os.Args[0])
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), append(env, "AWAITTRACE_CHILD="+name)...)
	timer := time.AfterFunc(5*patience, func() { cmd.Process.Kill() })
	defer timer.Stop()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestDeadlockIsFatal checks that the collector does not keep the runtime from seeing a deadlock. It builds a program
// of its own: the runtime does not look for deadlocks in programs with cgo, such as this test.
func TestDeadlockIsFatal(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "deadlock")
	build := exec.Command("go", "build", "-o", exe, "./testdata/deadlock")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, mode := range []string{"", "off", "log"} {
		args := program(exe)
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "AWAITTRACE="+mode)
		timer := time.AfterFunc(patience, func() { cmd.Process.Kill() })
		out, _ := cmd.CombinedOutput()
		timer.Stop()
		if s := string(out); !strings.Contains(s, "fatal error: all goroutines are asleep - deadlock!") ||
			!strings.Contains(s, "[chan receive]") {
			t.Errorf("AWAITTRACE=%s: %s", mode, out)
		}
	}
}

// clean checks that the start leaves nothing behind in the process.
func clean() {
	goroutines, files := goruntime.NumGoroutine(), openFiles()
	Start()
	Loop(newSite(OpLoop, KindNone, "loop"))
	// A goroutine that has done its work may still have to exit.
	if !eventually(func() bool { return goruntime.NumGoroutine() == goroutines }) {
		fmt.Println("goroutines:", goroutines, "and then", goruntime.NumGoroutine())
	}
	if f := openFiles(); f != files {
		fmt.Println("files:", files, "and then", f)
	}
}

func openFiles() string {
	var open []string
	for fd := 0; fd < 64; fd++ {
		if l, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); err == nil {
			open = append(open, l)
		}
	}
	return strings.Join(open, " ")
}

func TestNothingIsLeft(t *testing.T) {
	link := filepath.Join(t.TempDir(), "link")
	os.Symlink(t.TempDir(), link)
	for _, dir := range []string{os.Getenv("AWAITTRACE_DIR"), link, "/proc/none"} {
		if out, err := child(t, "clean", "AWAITTRACE_DIR="+dir); out != "" || err != nil {
			t.Errorf("record in %s: %v\n%s", dir, err, out)
		}
	}
}

// busy uses many slots, sites and objects, then prints where the record is.
func busy() {
	var sites [2000]*Site
	var wg sync.WaitGroup
	ch := make(chan int)
	for i := range sites {
		s := newSite(OpRecv, KindChan, "<-ch")
		sites[i], s.Line = s, int32(i)
		wg.Add(1)
		go func() {
			defer wg.Done()
			Made(s, make(chan int, i))
			receive(s, ch)
		}()
	}
	for range sites {
		ch <- 1
	}
	wg.Wait()
	for i := range sites {
		countWait(sites[i].id, 1e9)
	}
	private := 0
	for n := uint32(0); n < (hdr.Slots+ChunkSlots-1)/ChunkSlots; n++ {
		if *(*byte)(at(base, uintptr(hdr.ChunkOff)+uintptr(n))) == roomOwn {
			private++
		}
	}
	maps, _ := os.ReadFile("/proc/self/maps")
	where := "memory"
	for _, line := range strings.Split(string(maps), "\n") {
		if strings.HasPrefix(line, fmt.Sprintf("%x-", hdr.Base)) {
			if f := strings.Fields(line); len(f) > 5 {
				where = f[5]
			}
		}
	}
	fmt.Printf("%s sites %d private %d %d dropped %d waited at %d\n", where, hdr.Sites, private, hdr.Private,
		hdr.DroppedGoroutines, hdr.Waited)
}

// TestFolder checks in which folders a record is made, and that it has a place without one.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	mode := func(name string, perm os.FileMode) string {
		p := filepath.Join(dir, name)
		if err := os.Mkdir(p, perm); err != nil {
			t.Fatal(err)
		}
		os.Chmod(p, perm)
		return p
	}
	good := mode("good", 0o700)
	link := filepath.Join(dir, "link")
	os.Symlink(good, link)
	file := filepath.Join(dir, "file")
	os.WriteFile(file, nil, 0o600)
	for _, c := range []struct {
		name, folder, want string
	}{
		{"ours", good, good},
		{"made", filepath.Join(dir, "new"), filepath.Join(dir, "new")},
		{"open to others", mode("open", 0o755), "/memfd:awaittrace"},
		{"symbolic link", link, "/memfd:awaittrace"},
		{"file", file, "/memfd:awaittrace"},
		{"missing", filepath.Join(dir, "no/such"), "/memfd:awaittrace"},
	} {
		out, err := child(t, "busy", "AWAITTRACE_DIR="+c.folder)
		if err != nil || !strings.HasPrefix(out, c.want) || !strings.Contains(out, "sites 2000 private 0 0 dropped 0") {
			t.Errorf("%s: %v %s; want it in %s", c.name, err, out, c.want)
		}
	}
	if os.Geteuid() == 0 {
		other := mode("other", 0o700)
		os.Chown(other, 12345, 12345)
		if out, _ := child(t, "busy", "AWAITTRACE_DIR="+other); !strings.HasPrefix(out, "/memfd:awaittrace") {
			t.Errorf("a folder of another user: %s", out)
		}
	}
}

// TestFullFolder puts the record on a file system that is too small: touching a page without asking would be SIGBUS.
func TestFullFolder(t *testing.T) {
	for _, c := range []struct {
		size    string
		want    string
		private bool
	}{
		{"8k", "/memfd:awaittrace", false},
		{"64k", "", true},
		{"300k", "", true},
	} {
		dir := t.TempDir()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=700,size="+c.size); err != nil {
			t.Skip("cannot mount a small file system: ", err)
		}
		out, err := child(t, "busy", "AWAITTRACE_DIR="+dir)
		if uerr := syscall.Unmount(dir, 0); uerr != nil {
			t.Error(uerr)
		}
		if err != nil || !strings.HasPrefix(out, c.want) || strings.Contains(out, "private 0 0") == c.private ||
			!strings.Contains(out, "sites 2000 ") || !strings.Contains(out, "waited at 2000\n") {
			t.Errorf("%s: %v\n%s", c.size, err, out)
		}
	}
}

// TestFileSizeLimit sets a limit on the size of files, beyond which the system kills the program.
func TestFileSizeLimit(t *testing.T) {
	cmd := exec.Command("sh", "-c", `ulimit -f 1000 && exec "$@"`, "sh")
	cmd.Args = append(cmd.Args, program(os.Args[0])...)
	cmd.Env = append(os.Environ(), "AWAITTRACE_CHILD=busy")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "/dev/zero ") || !strings.Contains(string(out), "sites 2000") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestNoRoom starts more goroutines than the record has room for.
func TestNoRoom(t *testing.T) {
	out, err := child(t, "busy", "AWAITTRACE_GOROUTINES=128")
	if err != nil || strings.Contains(out, "dropped 0") {
		t.Errorf("%v\n%s", err, out)
	}
}

// lockstep runs operations for the output of AWAITTRACE=log.
func lockstep() {
	var mu sync.Mutex
	l, u := newSite(OpLock, KindMutex, "mu.Lock()"), newSite(OpUnlock, KindMutex, "mu.Unlock()")
	Lock(l, &mu)
	sl := own()
	go func() {
		whenBlocked(sl, 20*time.Millisecond)
		Unlock(u, &mu)
	}()
	Lock(l, &mu)
	End1(IOFunc(newSite(OpIO, KindOther, "f()"), func() int { return 1 })())
}

func TestLog(t *testing.T) {
	out, err := child(t, "lockstep", "AWAITTRACE=log")
	const unlocked = "unlock mu.Unlock() reached"
	var got []string
	unlocks := 0
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		f := strings.Fields(line)
		if len(f) < 7 || f[0] != "awaittrace:" || f[2] != "goroutine" || f[4] != "/src/a.go:1:2" {
			t.Fatalf("line %q", line)
		}
		if n := len(f); f[n-2] == "after" {
			f = f[:n-1] // the clock decides how long
		}
		line = strings.Join(f[5:], " ")
		switch {
		case line != unlocked:
			got = append(got, line)
		case slices.Contains(got, "lock mu.Lock() passed after"):
			t.Errorf("the lock is taken before it is released:\n%s", out)
		default:
			unlocks++ // in another goroutine, which may be as fast as the one that waits
		}
	}
	want := []string{
		"lock mu.Lock() reached", "lock mu.Lock() reached", "lock mu.Lock() waiting", "lock mu.Lock() passed after",
		"io f() reached", "io f() waiting", "io f() passed after",
	}
	if err != nil || !slices.Equal(got, want) || unlocks != 1 {
		t.Errorf("%v, got:\n%s\nwant:\n%s\nand once %s", err, out, strings.Join(want, "\n"), unlocked)
	}
	if out, err := child(t, "lockstep"); out != "" || err != nil {
		t.Errorf("without AWAITTRACE=log: %v\n%s", err, out)
	}
	dir := t.TempDir()
	os.Chmod(dir, 0o700)
	if _, err := child(t, "lockstep", "AWAITTRACE=log", "AWAITTRACE_DIR="+dir); err != nil {
		t.Fatal(err)
	}
	h, b := recordIn(t, dir)
	checkWaited(t, h, b)
}

// TestOff reads the record of a program whose probes are off: it tells that, and nothing else.
func TestOff(t *testing.T) {
	dir := t.TempDir()
	os.Chmod(dir, 0o700)
	if out, err := child(t, "lockstep", "AWAITTRACE=off", "AWAITTRACE_DIR="+dir); out != "" || err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	h, _ := recordIn(t, dir)
	if h.Off != OffAsked || h.Slots != 0 || h.Sites != 0 || h.Waited != 0 {
		t.Errorf("off %d, slots %d, sites %d, %d of them waited at", h.Off, h.Slots, h.Sites, h.Waited)
	}
}

// TestRecord reads the header and the meta string of a record from outside, after the program has ended.
func TestRecord(t *testing.T) {
	dir := t.TempDir()
	os.Chmod(dir, 0o700)
	before := time.Now().UnixNano()
	if out, err := child(t, "lockstep", "AWAITTRACE_DIR="+dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	h, b := recordIn(t, dir)
	if h.Magic != Magic || h.Version != Version || h.Off != OffNot || h.Size != uint64(len(b)) || h.Sites != 3 ||
		h.Slots == 0 {
		t.Errorf("header %+v", h)
	}
	if h.StartWall < before || h.StartWall > time.Now().UnixNano() || h.Start == 0 || h.Clock < 20 {
		t.Errorf("start %d at %d, clock %d", h.Start, h.StartWall, h.Clock)
	}
	exe, _ := os.Executable()
	if got, want := string(b[h.MetaOff:h.MetaOff+h.MetaLen]),
		exe+"\x00"+goruntime.Version()+"\x00"+os.Args[0]; got != want {
		t.Errorf("meta %q, want %q", got, want)
	}
	checkWaited(t, h, b)
}

// checkWaited checks that the record of lockstep has its wait of 20 ms.
func checkWaited(t *testing.T, h Header, b []byte) {
	t.Helper()
	var first Waited
	if err := binary.Read(bytes.NewReader(b[int(h.WaitedOff)<<pageShift:]), binary.NativeEndian, &first); err != nil {
		t.Fatal(err)
	}
	if h.Waited == 0 || first.Site != 1 || first.Sum != first.Max || first.Max < 8e6 ||
		first.Waits[WaitedBucket(int64(first.Max))] != 1 {
		t.Errorf("%d sites were waited at, the first %+v", h.Waited, first)
	}
}

// recordIn reads the only record in dir.
func recordIn(t *testing.T, dir string) (Header, []byte) {
	t.Helper()
	files, _ := filepath.Glob(dir + "/*")
	if len(files) != 1 {
		t.Fatalf("files %q, want one", files)
	}
	b, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	var h Header
	if err := binary.Read(bytes.NewReader(b), binary.NativeEndian, &h); err != nil {
		t.Fatal(err)
	}
	if name := fmt.Sprintf("%d-%d-", h.Pid, h.StartTicks); !strings.HasPrefix(filepath.Base(files[0]), name) ||
		h.Where != WhereFile {
		t.Errorf("the record %s is in %s", name, files[0])
	}
	return h, b
}

func TestStartTicks(t *testing.T) {
	if startTicks(os.Getpid()) == 0 || startTicks(1<<30) != 0 {
		t.Errorf("start of this process %d, of none %d", startTicks(os.Getpid()), startTicks(1<<30))
	}
	if got := field(" S 1 22 333", 4); got != 333 {
		t.Errorf("field 4 is %d", got)
	}
}
