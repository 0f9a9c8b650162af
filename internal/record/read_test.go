package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
	"github.com/awaittrace/awaittrace/runtime"
)

// twoLocks is a program in a deadlock that also has a channel and a select.
const twoLocks = `taken 1m0s
waited lock/mutex /src/main.go:31:2 main.ab b.mu.Lock() 1.5s 80ms 0=100 4=20 5=1
waited recv/chan /src/main.go:30:3 main.work <-jobs 40h0m0s 40h0m0s 26=1
object 0xa1 mutex a.mu
object 0xb1 mutex b.mu
object 0xc0 chan jobs cap=4
  made 1 make/chan /src/main.go:10:9 main.main "make(chan int, 4)" 1ms
  sent 7 send/chan /src/main.go:20:3 main.feed "jobs <- 1" 2s
  received 99 recv/chan /src/main.go:30:3 main.work <-jobs 1s exited
object 0xc1 chan quit cap=0
goroutine 1 unknown
  wait select /src/main.go:50:2 main.main "select { case j, ok := <-jobs; case quit <- true; case <-a" - 3s
    case recv 0xc0
    case send 0xc1
    case recv -
    case recv -
    case recv -
    case recv -
    case recv -
    case recv -
    more 1
  step select /src/main.go:50:2 main.main "select { case j, ok := <-jobs; case quit <- true; case <-a" 3s
  step make/chan /src/main.go:10:9 main.main "make(chan int, 4)" 1ms
goroutine 7 unknown
  wait lock/mutex /src/main.go:31:2 main.ab b.mu.Lock() 0xb1 12.5s
  hold lock/mutex /src/main.go:30:2 main.ab a.mu.Lock() 0xa1 12s
  step lock/mutex /src/main.go:31:2 main.ab b.mu.Lock() 12.5s
  step lock/mutex /src/main.go:30:2 main.ab a.mu.Lock() 12s
  steps 100
  test 3 TestShop/idle 7 1s running
goroutine 8 unknown
  wait lock/mutex /src/main.go:41:2 main.ba a.mu.Lock() 0xa1 12.25s
  hold lock/mutex /src/main.go:40:2 main.ba b.mu.Lock() 0xb1 12s
  step lock/mutex /src/main.go:41:2 main.ba a.mu.Lock() 12.25s
  step lock/mutex /src/main.go:40:2 main.ba b.mu.Lock() 12s
orphan 9 lock/mutex /src/main.go:60:2 main.gone c.Lock() 0xd1 5s
  last lock/mutex /src/main.go:60:2 main.gone c.Lock()
order 7 11 12
  held lock/mutex /src/main.go:30:2 main.ab a.mu.Lock() 0xa1
  taken lock/mutex /src/main.go:31:2 main.ab b.mu.Lock() 0xb1
  gate 0xd1
  gate 0xd8 read
  span 3 9
  caller main.ab /src/main.go:31
  caller main.main.func1 /src/main.go:9
order 8
  held rlock/rwmutex /src/main.go:70:2 main.size r.RLock() 0xe1 read
  taken rlock/rwmutex /src/main.go:71:2 main.size r.RLock() 0xe1 read
  cycles 70 101
`

func source(b []byte) Source { return Source{Data: bytes.NewReader(b), Size: int64(len(b))} }

// TestRoundTrip reads what recordtest wrote.
func TestRoundTrip(t *testing.T) {
	want := snaptext.MustParse(twoLocks)
	got, err := readRecord(source(recordtest.Bytes(want)), int64(time.Minute), partWhole)
	if err != nil {
		t.Fatal(err)
	}
	got.Process.State = want.Process.State // not in the record
	// The orphan's lock is an object too, although the table has no entry for it.
	wantText := strings.Replace(twoLocks, "goroutine 1 ", "object 0xd1 mutex c\ngoroutine 1 ", 1)
	if text := snaptext.Format(got); text != wantText {
		t.Errorf("got:\n%s\nwant:\n%s", text, wantText)
	}
	if got.Process.Exe != want.Process.Exe || got.Process.Pid != want.Process.Pid || got.Process.Go != want.Process.Go {
		t.Errorf("process %+v, want %+v", got.Process, want.Process)
	}
}

// TestTaken checks that the moment of a dead program's snapshot is its end, or else its last sign of life.
func TestTaken(t *testing.T) {
	b := recordtest.Bytes(snaptext.MustParse(twoLocks))
	binary.NativeEndian.PutUint32(b[unsafe.Offsetof(runtime.Header{}.Clock):], 0)
	s, err := readRecord(source(b), 0, partWhole)
	if err != nil || s.Taken != int64(12500*time.Millisecond) || !s.Process.Unwatched {
		t.Errorf("last sign of life: %v, %v, unwatched %v", time.Duration(s.Taken), err, s.Process.Unwatched)
	}
	binary.NativeEndian.PutUint64(b[unsafe.Offsetof(runtime.Header{}.Seen):], uint64(40*time.Second))
	if s, _ = readRecord(source(b), 0, partWhole); s.Taken != int64(40*time.Second) {
		t.Errorf("seen: %v", time.Duration(s.Taken))
	}
	binary.NativeEndian.PutUint64(b[unsafe.Offsetof(runtime.Header{}.Ended):], uint64(50*time.Second))
	if s, _ = readRecord(source(b), 0, partWhole); s.Taken != int64(50*time.Second) || s.Process.Unwatched {
		t.Errorf("ended: %v", time.Duration(s.Taken))
	}
}

// TestLaterWait checks that a wait that began after the reading did is left out.
func TestLaterWait(t *testing.T) {
	b := recordtest.Bytes(snaptext.MustParse(twoLocks))
	s, err := readRecord(source(b), int64(12300*time.Millisecond), partWhole)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range s.Goroutines {
		if got, want := len(g.Waits) > 0, g.ID != 7; got != want {
			t.Errorf("goroutine %d waits: %v, want %v", g.ID, got, want)
		}
	}
}

// TestPanickedSend checks that a send that has panicked, for which there is no probe, is left out.
func TestPanickedSend(t *testing.T) {
	s, err := readRecord(source(recordtest.Bytes(snaptext.MustParse(`
object 0xc1 chan a cap=0
  closed 5 close/chan a.go:9 main.f close(a) 11s
object 0xc2 chan b cap=0
goroutine 3 unknown
  wait send/chan a.go:5 main.g "a <- 1" 0xc1 10s
  step send/chan a.go:5 main.g "a <- 1" 10s
goroutine 4 unknown
  wait send/chan a.go:6 main.g "b <- 1" 0xc2 10s
  step unlock/mutex a.go:7 main.g mu.Unlock() 12s
  step send/chan a.go:6 main.g "b <- 1" 10s
goroutine 5 unknown
  wait send/chan a.go:6 main.g "b <- 1" 0xc2 10s
  step send/chan a.go:6 main.g "b <- 1" 10s
goroutine 6 unknown
  wait select/chan a.go:8 main.g "select { case <-b; case a <- 1 }" - 10s
    case recv 0xc2
    case send 0xc1
  step select/chan a.go:8 main.g "select { case <-b; case a <- 1 }" 10s
goroutine 7 unknown
  wait select/chan a.go:9 main.g "select { case <-b; case b <- 1 }" - 10s
    case recv 0xc2
    case send 0xc2
  step unlock/mutex a.go:7 main.g mu.Unlock() 12s
  step select/chan a.go:9 main.g "select { case <-b; case b <- 1 }" 10s
goroutine 8 unknown
  wait select/chan a.go:10 main.g "select { case <-a; case b <- 1 }" - 10s
    case recv 0xc1
    case send 0xc2
  step select/chan a.go:10 main.g "select { case <-a; case b <- 1 }" 10s`))), int64(time.Minute), partWhole)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range s.Goroutines {
		if got, want := len(g.Waits) > 0, g.ID == 5 || g.ID == 8; got != want {
			t.Errorf("goroutine %d waits: %v, want %v", g.ID, got, want)
		}
	}
}

// TestForeignUnlock checks that a lock that another goroutine has unlocked is no longer held, unless it was taken
// since.
func TestForeignUnlock(t *testing.T) {
	text := func(at string) string {
		return `
object 0xa1 mutex mu
  received 5 unlock/mutex a.go:9 main.f mu.Unlock() ` + at + `
goroutine 3 unknown
  hold lock/mutex a.go:5 main.g mu.Lock() 0xa1 10s
  step lock/mutex a.go:5 main.g mu.Lock() 10s
orphan 4 lock/mutex a.go:5 main.g mu.Lock() 0xa1 9s`
	}
	for at, want := range map[string][2]int{"8s": {1, 1}, "9500ms": {1, 0}, "11s": {0, 0}} {
		s, err := readRecord(source(recordtest.Bytes(snaptext.MustParse(text(at)))), int64(time.Minute), partWhole)
		if err != nil {
			t.Fatal(err)
		}
		if got := [2]int{len(s.Goroutines[0].Holds), len(s.Orphans)}; got != want {
			t.Errorf("unlocked at %s: %d held and %d orphaned, want %v", at, got[0], got[1], want)
		}
	}
}

// TestDamaged breaks a record in every way that has its own error.
func TestDamaged(t *testing.T) {
	var h runtime.Header
	whole := recordtest.Bytes(snaptext.MustParse(twoLocks))
	put32 := func(off uintptr, v uint32) func([]byte) []byte {
		return func(b []byte) []byte { binary.NativeEndian.PutUint32(b[off:], v); return b }
	}
	tests := []struct {
		name   string
		damage func([]byte) []byte
		want   string
	}{
		{"empty", func([]byte) []byte { return nil }, "not a record"},
		{"text", func([]byte) []byte { return []byte("package main\n\nfunc main() {}\n") }, "not a record"},
		{"random", func(b []byte) []byte { return bytes.Repeat([]byte{0xa5}, len(b)) }, "not a record"},
		{"header cut", func(b []byte) []byte { return b[:40] }, "truncated"},
		{"cut", func(b []byte) []byte { return b[:len(b)-1] }, "truncated"},
		{"version", put32(unsafe.Offsetof(h.Version), 99), "version 99"},
		{"slot size", put32(unsafe.Offsetof(h.SlotSize), 0), "a slot of 0 bytes"},
		{"slots outside", put32(unsafe.Offsetof(h.SlotCap), 1<<31), "it has room for 2147483648 slots"},
		{"strings outside", put32(unsafe.Offsetof(h.StrOff), 1<<31), "its strings end at"},
		{"meta outside", put32(unsafe.Offsetof(h.MetaLen), 1<<31), "it has room for 2147483648 bytes about"},
	}
	for _, tt := range tests {
		b := tt.damage(slices.Clone(whole))
		if s, err := readRecord(source(b), 1, partWhole); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, %v; want an error with %q", tt.name, s, err, tt.want)
		}
	}
}

// TestDamagedParts checks that damaged parts are left out and counted, and that the rest is read.
func TestDamagedParts(t *testing.T) {
	whole := recordtest.Bytes(snaptext.MustParse(twoLocks))
	h := load[runtime.Header](whole)
	slot := func(i int) int { return int(h.SlotOff)*pageSize + i*runtime.SlotSize }
	var s runtime.Slot
	tests := []struct {
		name   string
		damage func([]byte)
		count  int // goroutines that remain
		drop   bool
	}{
		{"being recycled", func(b []byte) { b[slot(1)+int(unsafe.Offsetof(s.Seq))] = 3 }, 2, false},
		{"free", func(b []byte) { copy(b[slot(1):], make([]byte, 8)) }, 2, false},
		{"wild site in history", func(b []byte) { b[slot(1)+int(unsafe.Offsetof(s.Ring))+3*8+3] = 0x7f }, 3, true},
		{"wild site in wait", func(b []byte) { b[slot(1)+int(unsafe.Offsetof(s.Waits))+19] = 0x7f }, 3, true},
		{"wild depth", func(b []byte) { b[slot(1)+int(unsafe.Offsetof(s.Depth))+3] = 0x7f }, 3, true},
		{"wild held", func(b []byte) { b[slot(1)+int(unsafe.Offsetof(s.Held))+3] = 0x7f }, 3, true},
		{"wild head", func(b []byte) { b[slot(1)+int(unsafe.Offsetof(s.Head))+3] = 0x7f }, 3, false},
		{"twice the same", func(b []byte) { copy(b[slot(1):slot(2)], b[slot(2):]) }, 2, true},
		{"string outside", func(b []byte) { b[int(h.SiteOff)*pageSize+runtime.SiteSize+3] = 0x7f }, 3, true},
		{"wild chunk", func(b []byte) { b[h.ChunkOff] = 9 }, 0, true},
		{"private chunk", func(b []byte) { b[h.ChunkOff] = 2 }, 0, true},
	}
	for _, tt := range tests {
		b := slices.Clone(whole)
		tt.damage(b)
		got, err := readRecord(source(b), int64(time.Minute), partWhole)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if n := len(got.Goroutines); n != tt.count || len(got.Dropped) > 0 != tt.drop {
			t.Errorf("%s: %d goroutines, dropped %v; want %d, %v", tt.name, n, got.Dropped, tt.count, tt.drop)
		}
	}
}

// TestPrivate reads slots that are in the program's memory.
func TestPrivate(t *testing.T) {
	whole := recordtest.Bytes(snaptext.MustParse(twoLocks))
	h := load[runtime.Header](whole)
	shared := slices.Clone(whole)
	shared[h.ChunkOff] = chunkPrivate
	clear(shared[int(h.SlotOff)*pageSize : int(h.ObjOff)*pageSize])
	clear(shared[int(h.SiteOff)*pageSize : int(h.SiteOff)*pageSize+int(h.SiteCap)*runtime.SiteSize])
	binary.NativeEndian.PutUint32(shared[unsafe.Offsetof(h.Private):], 1)
	src := source(shared)
	src.Memory = window{bytes.NewReader(whole), -int64(h.Base)}
	s, err := readRecord(src, int64(time.Minute), partWhole)
	if err != nil || len(s.Goroutines) != 3 || s.Goroutines[0].Last == nil || len(s.Dropped) > 0 {
		t.Fatalf("%v, %d goroutines, want 3; dropped %v", err, len(s.Goroutines), s.Dropped)
	}
	// A full file system has no page for what was never written: here for all but the private sites and slots.
	var private [][2]int64
	for _, off := range []uint32{h.SlotOff, h.SiteOff} {
		private = append(private, [2]int64{int64(h.Base) + int64(off)*pageSize, int64(h.Base) + int64(off+1)*pageSize})
	}
	src.Memory = pages{src.Memory, private}
	s, err = readRecord(src, int64(time.Minute), partWhole)
	if err != nil || len(s.Goroutines) != 3 || s.Goroutines[0].Last == nil || len(s.Dropped) > 0 {
		t.Fatalf("with holes: %v, %d goroutines, want 3; dropped %v", err, len(s.Goroutines), s.Dropped)
	}
	src.Memory = nil
	if s, err = readRecord(src, int64(time.Minute), partWhole); err != nil || len(s.Goroutines) != 0 ||
		len(s.Dropped) == 0 {
		t.Fatalf("%v, %d goroutines, want none; dropped %v", err, len(s.Goroutines), s.Dropped)
	}
}

// A pages is the memory of a program that has only some pages, as process_vm_readv reads it.
type pages struct {
	io.ReaderAt
	has [][2]int64
}

func (p pages) ReadAt(b []byte, addr int64) (int, error) {
	for _, r := range p.has {
		if r[0] <= addr && addr < r[1] {
			n := min(int64(len(b)), r[1]-addr)
			got, err := p.ReaderAt.ReadAt(b[:n], addr)
			if err == nil && got < len(b) {
				err = syscall.EFAULT
			}
			return got, err
		}
	}
	return 0, syscall.EFAULT
}

// A shifting reader returns another version of the slots at every reading, like a running program.
type shifting struct {
	b    []byte
	from int64
	n    int
	step func(b []byte, n int)
}

func (r *shifting) ReadAt(b []byte, off int64) (int, error) {
	if off >= r.from && len(b) == runtime.SlotSize || len(b) == 3*runtime.SlotSize {
		r.n++
		r.step(r.b, r.n)
	}
	return bytes.NewReader(r.b).ReadAt(b, off)
}

// TestMoving checks that a goroutine that moves at every reading waits for nothing, and holds what it held all the
// time.
func TestMoving(t *testing.T) {
	b := recordtest.Bytes(snaptext.MustParse(twoLocks))
	h := load[runtime.Header](b)
	at := int(h.SlotOff)*pageSize + 1*runtime.SlotSize
	for _, settles := range []bool{false, true} {
		r := &shifting{b: slices.Clone(b), from: int64(h.SlotOff) * pageSize, step: func(b []byte, n int) {
			if !settles || n < 4 {
				b[at+int(unsafe.Offsetof(runtime.Slot{}.Head))] += 16
			}
		}}
		s, err := readRecord(Source{Data: r, Size: int64(len(b))}, int64(time.Minute), partWhole)
		if err != nil {
			t.Fatal(err)
		}
		g := s.Goroutines[1]
		if waits := len(g.Waits) == 1; waits != settles || len(g.Holds) != 1 || g.ID != 7 {
			t.Errorf("settles %v: goroutine %d waits %v, holds %v", settles, g.ID, g.Waits, g.Holds)
		}
	}
}

// FuzzRead reads any bytes. Records are large, and a mutation leaves most of one unchanged, so FuzzPatch goes deeper.
func FuzzRead(f *testing.F) {
	whole := recordtest.Bytes(snaptext.MustParse(twoLocks))
	f.Add(whole, int64(time.Minute))
	f.Add(whole[:200], int64(0))
	f.Add([]byte(nil), int64(0))
	f.Fuzz(readAny)
}

// FuzzPatch reads a record with overwritten bytes. A patch is an offset of two bytes, in units of four, and four bytes.
func FuzzPatch(f *testing.F) {
	whole := recordtest.Bytes(snaptext.MustParse(twoLocks))
	for off := uintptr(0); off < unsafe.Sizeof(runtime.Header{}); off += 4 {
		f.Add([]byte{byte(off / 4), 0, 0xff, 0xff, 0, 0}, int64(off))
	}
	for version := range moves {
		f.Add([]byte{2, 0, byte(version), 0, 0, 0}, int64(time.Minute))
	}
	f.Fuzz(func(t *testing.T, patches []byte, now int64) {
		b := slices.Clone(whole)
		for ; len(patches) >= 6; patches = patches[6:] {
			copy(b[4*int(binary.LittleEndian.Uint16(patches))%len(b):], patches[2:6])
		}
		readAny(t, b, now)
	})
}

// readAny reads any b, and checks what the readers of a snapshot rely on.
func readAny(t *testing.T, b []byte, now int64) {
	src := source(b)
	src.Memory = src.Data
	s, err := readRecord(src, now, partWhole)
	if err != nil {
		return
	}
	last := int64(-1)
	for _, g := range s.Goroutines {
		if g.ID <= last {
			t.Fatalf("goroutine %d after %d", g.ID, last)
		}
		last = g.ID
		for _, w := range g.Waits {
			if w.Probe == nil {
				t.Fatal("a wait without a probe")
			}
		}
	}
	diagnose.Analyze(s, diagnose.Options{})
	s.Join(snapshot.Each([]snapshot.Goroutine{{ID: 7, State: "running"}, {ID: 1 << 40}}))
	diagnose.Analyze(s, diagnose.Options{})
}

// many returns a record of n goroutines that wait for one channel.
func many(n int) []byte {
	var b strings.Builder
	b.WriteString("taken 60s\nobject 0xc0 chan jobs cap=0\n")
	for i := range n {
		fmt.Fprintf(&b, "goroutine %d waiting\n wait recv/chan /src/main.go:9:2 main.work <-jobs 0xc0 5s\n"+
			" step recv/chan /src/main.go:9:2 main.work <-jobs 5s\n", i+1)
	}
	return recordtest.Bytes(snaptext.MustParse(b.String()))
}

func BenchmarkRead100k(b *testing.B) {
	src := source(many(100_000))
	b.ReportAllocs()
	for b.Loop() {
		if s, err := readRecord(src, int64(time.Minute), partWhole); err != nil || len(s.Goroutines) != 100_000 {
			b.Fatal(err)
		}
	}
}
