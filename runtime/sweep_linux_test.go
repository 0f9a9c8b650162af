//go:build linux && (amd64 || arm64) && !awaittrace_portable

package runtime

import (
	"bytes"
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
)

// A shelf is a folder with records of programs that have ended.
type shelf struct {
	*testing.T
	dir string
}

const nobody = 1 << 30 // a pid that Linux never gives

// add writes a file of the given size. Its header is h; nil means that it is no record.
func (s shelf) add(name string, age time.Duration, size int, h *Header) {
	s.Helper()
	var b bytes.Buffer
	if h != nil {
		h.Magic, h.Version, h.SlotSize = Magic, Version, SlotSize
		binary.Write(&b, binary.NativeEndian, h)
	}
	p := filepath.Join(s.dir, name)
	if err := os.WriteFile(p, append(b.Bytes(), make([]byte, size)...), 0o600); err != nil {
		s.Fatal(err)
	}
	then := time.Now().Add(-age)
	os.Chtimes(p, then, then)
}

// sweep runs a program that keeps its record in the folder.
func (s shelf) sweep() {
	s.Helper()
	if out, err := child(s.T, "lockstep", "AWAITTRACE_DIR="+s.dir); err != nil {
		s.Fatalf("%v\n%s", err, out)
	}
}

func (s shelf) want(name string, want bool) {
	s.Helper()
	if _, err := os.Lstat(filepath.Join(s.dir, name)); (err == nil) != want {
		s.Errorf("%s: there %v, want %v", name, err == nil, want)
	}
}

func newShelf(t *testing.T) shelf {
	dir := t.TempDir()
	os.Chmod(dir, 0o700)
	return shelf{t, dir}
}

// TestSweep keeps records of programs that have ended for a day, and those with something stuck for a week. Files that
// are no records stay.
func TestSweep(t *testing.T) {
	s := newShelf(t)
	for i := range 40 {
		s.add(fmt.Sprintf("%d-%d-1", nobody, i+1), time.Duration(i)*time.Minute, 0, &Header{Verdict: VerdictClean})
	}
	s.add(fmt.Sprintf("%d-100-1", nobody), 48*time.Hour, 0, &Header{})
	s.add(fmt.Sprintf("%d-101", nobody), 48*time.Hour, 0, nil)
	s.add(fmt.Sprintf("%d-102-1", nobody), 48*time.Hour, 0, &Header{Verdict: VerdictStuck})
	s.add(fmt.Sprintf("%d-103-1", nobody), 8*24*time.Hour, 0, &Header{Verdict: VerdictStuck})
	s.add(fmt.Sprintf(".%d-104-1", nobody), time.Hour*48, 0, nil)
	s.add(fmt.Sprintf(".%d-105-1", nobody), 0, 0, nil)
	parent := os.Getppid() // in an emulator such as qemu this process reads another start than others do
	live := fmt.Sprintf("%d-%d", parent, startTicks(parent))
	reused := fmt.Sprintf("%d-%d", parent, 1)
	for _, name := range []string{"1-1-1-1", "notes.txt", live, reused} {
		s.add(name, 48*time.Hour, 0, nil)
	}
	s.sweep()
	for i := range 40 {
		s.want(fmt.Sprintf("%d-%d-1", nobody, i+1), true)
	}
	for name, want := range map[string]bool{
		"%d-100-1": false, "%d-101": false, "%d-102-1": true, "%d-103-1": false, ".%d-104-1": false, ".%d-105-1": true,
	} {
		s.want(fmt.Sprintf(name, nobody), want)
	}
	for _, name := range []string{"1-1-1-1", "notes.txt", live} {
		s.want(name, true)
	}
	s.want(reused, false) // another process has its pid
}

// TestSweepSize has more records than there is room for. Clean ones go first, then those in which something waited.
func TestSweepSize(t *testing.T) {
	s := newShelf(t)
	const each = 20 << 20
	s.add(fmt.Sprintf("%d-1-1", nobody), 20*time.Hour, each, &Header{Verdict: VerdictStuck})
	s.add(fmt.Sprintf("%d-2-1", nobody), 10*time.Hour, each, waitingRecord())
	s.add(fmt.Sprintf("%d-3-1", nobody), 9*time.Hour, each, &Header{})
	s.add(fmt.Sprintf("%d-4-1", nobody), 8*time.Hour, each, &Header{Verdict: VerdictClean})
	s.add(fmt.Sprintf("%d-5-1", nobody), time.Hour, each, &Header{})
	putSlot(t, filepath.Join(s.dir, fmt.Sprintf("%d-2-1", nobody)))
	s.sweep()
	for i, want := range []bool{true, true, false, false, true} {
		s.want(fmt.Sprintf("%d-%d-1", nobody, i+1), want)
	}
	// A record that alone is too large stays while it is the newest with something stuck.
	s = newShelf(t)
	s.add(fmt.Sprintf("%d-1-1", nobody), time.Hour, 70<<20, &Header{Verdict: VerdictStuck})
	s.add(fmt.Sprintf("%d-2-1", nobody), time.Minute, 1<<20, &Header{})
	s.sweep()
	s.want(fmt.Sprintf("%d-1-1", nobody), true)
	s.want(fmt.Sprintf("%d-2-1", nobody), false)
}

// waitingRecord returns the header of a record with one chunk of slots, in the second page; the chunk's state is in the
// first.
func waitingRecord() *Header {
	return &Header{Start: 1, Clock: 60_000, Slots: 1, SlotCap: ChunkSlots, SlotOff: 1, ChunkOff: pageSize - 1}
}

// putSlot puts a goroutine that has waited for a minute into such a record.
func putSlot(t *testing.T, path string) {
	t.Helper()
	mtime, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sl := Slot{Goid: 7, Depth: 1}
	sl.Waits[0].Since = 1
	f.WriteAt([]byte{roomShared}, pageSize-1)
	f.WriteAt(unsafe.Slice((*byte)(unsafe.Pointer(&sl)), SlotSize), pageSize)
	f.Close()
	os.Chtimes(path, mtime.ModTime(), mtime.ModTime())
}

// TestSweepLocked keeps a record whose program lives where this process cannot see it, because it holds the lock.
func TestSweepLocked(t *testing.T) {
	s := newShelf(t)
	for i, name := range []string{"1-2-3", "1-2-4"} {
		s.add(name, 48*time.Hour, 0, &Header{})
		f, err := os.Open(filepath.Join(s.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if i == 0 {
			if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
				t.Skip(err)
			}
		}
	}
	s.sweep()
	s.want("1-2-3", true)
	s.want("1-2-4", false)
}

// TestSweepMaking makes a file while others sweep: none of them holds the lock when the program takes it.
func TestSweepMaking(t *testing.T) {
	dir := t.TempDir()
	d, err := syscall.Open(dir, syscall.O_RDONLY|syscall.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(d)
	const name = ".1-2-3"
	done, swept := make(chan bool), make(chan bool)
	go func() {
		defer close(swept)
		for {
			select {
			case <-done:
				return
			default:
				examine(d, name, time.Now().Unix(), false)
			}
		}
	}()
	for i := range 3000 {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
			t.Errorf("file %d cannot be locked: %v", i, err)
		}
		f.Close()
		os.Remove(f.Name())
	}
	close(done)
	<-swept
}

// TestSamePid runs two programs that are both process 1 of their pid namespace, with one folder. Both have their
// records, while they live and after.
func TestSamePid(t *testing.T) {
	s := newShelf(t)
	cmds := [2]string{}
	for i := range cmds {
		out, err := inNewPids(t, "busy", "AWAITTRACE_DIR="+s.dir)
		if err != nil {
			t.Skipf("cannot make a pid namespace: %v: %s", err, out)
		}
		cmds[i] = out
	}
	files, _ := filepath.Glob(s.dir + "/1-*-*")
	if len(files) != 2 {
		t.Errorf("records %q, want two; the programs say %q", files, cmds)
	}
	for _, out := range cmds {
		// A pid namespace may have the number of one that is gone.
		if !strings.HasPrefix(out, s.dir+"/1-") || strings.HasPrefix(out, s.dir+"/1-0-") {
			t.Errorf("a program has its record in %q", out)
		}
	}
}

// inNewPids is child in a new pid namespace.
func inNewPids(t *testing.T, name string, env ...string) (string, error) {
	t.Helper()
	args := program(os.Args[0])
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = append(os.Environ(), append(env, "AWAITTRACE_CHILD="+name)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS, Unshareflags: 0}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestAsked tries AWAITTRACE with values of all kinds.
func TestAsked(t *testing.T) {
	for mode, want := range map[string][2]bool{
		"": {}, "1": {}, "ON": {}, "off": {true, false}, "OFF": {true, false}, "0": {true, false},
		"False": {true, false}, "log": {false, true}, "LOG": {false, true},
	} {
		t.Setenv("AWAITTRACE", mode)
		if off, logging := asked(); off != want[0] || logging != want[1] {
			t.Errorf("%q: off %v, log %v, want %v", mode, off, logging, want)
		}
	}
	out, err := child(t, "lockstep", "AWAITTRACE=of\x1b[31mf!")
	if err != nil || out != "awaittrace: invalid AWAITTRACE \"of[31mf!\": want off, log or on; the probes are on\n" {
		t.Errorf("%v: %q", err, out)
	}
}
