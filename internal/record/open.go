package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
	"unsafe"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A Record is the open record of a program, live or dead. It can be read many times, by one goroutine at a time; the
// caller closes it.
type Record struct {
	Entry
	name     fileName // of its file; zero: it has none, or that of a copy
	src      Source
	file     *os.File // nil: the record is in the program's memory
	writable bool
	mem      *procfs.Memory // nil: not needed or not permitted
	// loops and looked are what Loops saw last, and when; meter is for its looks.
	loops  map[int64]*loop
	looked time.Time
	meter  procfs.Meter
	// known is the last look that was found behind the record, or nil, and knownSum its checksum.
	known    *look
	knownSum uint64
	buffer   *Buffer // nil: not needed yet
	// room is for the copy that Still makes.
	room []byte
}

// A Buffer is memory that readings of records can share, one after the other. The zero value is ready for use.
type Buffer struct{ b []byte }

// chunk returns room for a chunk of slots.
func (b *Buffer) chunk() []byte {
	if b.b == nil {
		b.b = make([]byte, runtime.ChunkSlots*runtime.SlotSize)
	}
	return b.b
}

// Use makes r use b. Records that share b must not be read at the same time.
func (r *Record) Use(b *Buffer) { r.buffer = b }

// Open opens the record of process pid: of the live one, or of the last that had this pid and is dead. Its error is an
// [*UnreadableError] if there is one.
func Open(pid int) (*Record, error) {
	e, err := find(procfs.Leader(pid), Dir())
	if err != nil {
		return nil, err
	}
	r, err := OpenEntry(e)
	if err != nil {
		return nil, &UnreadableError{err}
	}
	return r, nil
}

// An UnreadableError says why a record that there is cannot be read.
type UnreadableError struct{ error }

func (e *UnreadableError) Unwrap() error { return e.error }

// OpenFile opens the record in a file, which may be a copy.
func OpenFile(path string) (*Record, error) {
	n, ok := parseName(filepath.Base(path))
	if ok {
		if e, err := ofFile(path, n); err == nil {
			return OpenEntry(e)
		}
	}
	return OpenEntry(Entry{Path: path, UID: -1})
}

// OpenArg opens the record that a command's argument names: a pid, or the path of a file.
func OpenArg(arg string) (*Record, error) {
	if pid, err := strconv.Atoi(arg); err == nil {
		if pid <= 0 {
			return nil, fmt.Errorf("%q is not a process: give the pid of a program, or the file of a record", arg)
		}
		return Open(pid)
	}
	r, err := OpenFile(arg)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no record %q: give the pid of an instrumented program, or the file of a record", arg)
	}
	return r, err
}

// OpenEntry opens a record that List has found.
func OpenEntry(e Entry) (*Record, error) {
	r := &Record{Entry: e}
	var err error
	if e.mapping != nil {
		err = r.openMapped()
	} else {
		err = r.openFile()
	}
	if err == nil {
		err = r.identify()
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

func (r *Record) openFile() error {
	// The file is written only for signs of life (see Seen), so a read-only record will do.
	path := r.Path
	if fi, err := os.Lstat(path); err == nil && fi.Mode()&fs.ModeSymlink != 0 {
		var err error
		if path, err = filepath.EvalSymlinks(path); err != nil { // a file may have any name
			return err
		}
	}
	f, fi, err := openRegular(path, os.O_RDWR)
	r.writable = err == nil
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		f, fi, err = openRegular(path, os.O_RDONLY)
	}
	if err != nil {
		return err
	}
	r.use(f, fi)
	if r.Doubt == "" {
		r.Doubt = fileFault(fi)
	}
	return nil
}

// use sets the file of the record to an open one.
func (r *Record) use(f *os.File, fi fs.FileInfo) {
	r.file = f
	r.src = Source{Data: f, Size: fi.Size()}
	r.UID, r.Size = owner(fi), allocated(fi)
}

// openMapped opens the record that a process has mapped: its file, or else, if there is no way to that, the memory of
// the process.
func (r *Record) openMapped() error {
	f, name, writable, err := procfs.OpenMapped(r.process, *r.mapping)
	if err == nil {
		fi, err := f.Stat()
		if err != nil {
			f.Close()
			return err
		}
		r.Path, r.writable = name, writable
		r.use(f, fi)
		return nil
	}
	if errors.Is(err, procfs.ErrOwner) {
		return err
	}
	if r.mem, err = procfs.OpenMemory(r.process); err != nil {
		return err
	}
	r.src = Source{Data: window{r.mem, int64(r.mapping.Start)}, Memory: r.mem}
	h, err := firstBytes(r.src.Data)
	if err != nil {
		return err
	}
	// A part in private memory splits the mapping: the header says how far the record goes.
	r.src.Size = int64(h.Size)
	return nil
}

func firstBytes(data io.ReaderAt) (runtime.Header, error) {
	b := make([]byte, unsafe.Sizeof(runtime.Header{}))
	if _, err := data.ReadAt(b, 0); err != nil {
		return runtime.Header{}, fmt.Errorf("cannot read the record: %w", err)
	}
	return load[runtime.Header](b), nil
}

// identify checks the header, and whether the process that it names still runs.
func (r *Record) identify() error {
	h, err := readHeader(r.src)
	for try := 0; err != nil && try < 100 && r.beingMade(); try++ {
		time.Sleep(5 * time.Millisecond)
		h, err = readHeader(r.src)
	}
	if err != nil {
		return r.named(err)
	}
	if !portable {
		r.StartTicks = h.StartTicks
	}
	if r.process == 0 {
		r.Pid = int(h.Pid)
	}
	// A copy of a record is not the process's record, even while that runs: its file has another name or no longer
	// changes.
	n, ok := parseName(filepath.Base(r.Path))
	switch {
	case r.mapping != nil:
		r.name = n
	case ok && n.pid == int(h.Pid) && r.file != nil:
		r.name = n
		r.Live, r.process = lives(r.file, n)
		if r.process != 0 {
			r.Pid = r.process
		}
	default:
		r.Live, r.process = false, 0
	}
	if r.process != 0 && r.src.Memory == nil && !portable {
		if mem, err := procfs.OpenMemory(r.process); err == nil {
			r.mem, r.src.Memory = mem, mem
		}
	}
	return nil
}

// alive returns what /proc says of the program, if anything, and whether it runs, or is stopped.
func (r *Record) alive() (st procfs.Stat, live bool) {
	if r.process != 0 {
		st, live = procfs.Is(r.process, 0)
	}
	if r.file == nil {
		return st, live
	}
	if r.name.locked {
		// The lock also holds if /proc shows nothing, or shows a program that has replaced this one by exec.
		if held, known := lockHeld(r.file); known {
			return st, held
		}
	}
	if r.name.pid != 0 {
		live, _ = lives(r.file, r.name)
	}
	return st, live
}

// Replaced reports whether the program has made another record since this one was opened, by an exec.
func (r *Record) Replaced() bool {
	if r.file == nil || r.Path == "" {
		return false
	}
	now, err1 := os.Stat(r.Path)
	// Each record of a process has its own name there, and the last one stays.
	if portable && errors.Is(err1, fs.ErrNotExist) {
		_, err := find(r.Pid, filepath.Dir(r.Path))
		return err == nil
	}
	was, err2 := r.file.Stat()
	return err1 == nil && err2 == nil && !os.SameFile(now, was)
}

// Remove removes the file of the record, unless another record has its name by now.
func (r *Record) Remove() {
	if r.file != nil && r.Path != "" && !r.Replaced() {
		_ = os.Remove(r.Path) // the collector of a later program sweeps what stays
	}
}

// Process returns the process of the record in /proc. It returns 0 if the process has ended, or runs in a pid namespace
// that is not visible.
func (e *Entry) Process() int { return e.process }

// Gone reports whether the process of the record has ended since List found it.
func (e *Entry) Gone() bool {
	_, live := procfs.Is(e.process, 0)
	return e.process != 0 && !live
}

// beingMade reports whether the program of the record has only just begun to make it: the first word is written last.
func (r *Record) beingMade() bool {
	b := make([]byte, 8)
	_, err := r.src.Data.ReadAt(b, 0)
	if err == nil && load[uint64](b) != 0 || err != nil && err != io.EOF {
		return false
	}
	if r.file == nil {
		return r.process != 0
	}
	if fi, err := r.file.Stat(); err == nil {
		r.src.Size = fi.Size()
	}
	if r.process != 0 {
		return true
	}
	n, ok := parseName(filepath.Base(r.Path))
	if !ok {
		return false
	}
	live, _ := lives(r.file, n)
	return live
}

// named puts the name of the record before err, which may be nil.
func (r *Record) named(err error) error {
	if err == nil {
		return nil
	}
	if r.Path == "" {
		return fmt.Errorf("process %d: %w", r.Pid, err)
	}
	return fmt.Errorf("%s: %w", r.Path, err)
}

// Close ends the access to the record.
func (r *Record) Close() error {
	r.freeRoom()
	var err error
	if r.file != nil {
		err = r.file.Close()
	}
	if r.mem != nil {
		r.mem.Close()
	}
	return err
}

// Snapshot reads the record. The goroutines have neither states nor stacks; its Join adds them.
func (r *Record) Snapshot() (*snapshot.Snapshot, error) { return r.begin(partWhole)(r.src) }

// UsedSnapshot reads the record as Snapshot does, but only the objects that goroutines wait for or hold, or that name
// such objects. Most objects of a program are no longer in use. It is for callers that do not read the program's
// memory, which may show waits for other objects.
func (r *Record) UsedSnapshot() (*snapshot.Snapshot, error) { return r.begin(partUsed)(r.src) }

// LockSnapshot reads the record as UsedSnapshot does, but only the goroutines that hold something, wait for what others
// may hold, or have left a lock behind.
func (r *Record) LockSnapshot() (*snapshot.Snapshot, error) { return r.begin(partLocks)(r.src) }

// begin returns a reader of a part of the record, or of a copy of it, as of now.
func (r *Record) begin(what part) func(Source) (*snapshot.Snapshot, error) {
	st, live := procfs.Stat{}, false
	if r.Live {
		if st, live = r.alive(); !live {
			r.Live, r.process = false, 0
		}
	}
	var now int64
	var nowErr error
	if live {
		now, nowErr = r.Now()
	}
	return func(src Source) (*snapshot.Snapshot, error) {
		if nowErr != nil {
			return nil, r.named(nowErr)
		}
		s, err := readRecord(src, now, what)
		if err != nil {
			return nil, r.named(err)
		}
		s.Process.State = r.state(st, live)
		s.Process.Pid, s.Process.Container, s.Process.Doubt = r.Pid, r.Container, r.Doubt
		if !live {
			if l := r.kept(); l != nil {
				recall(s, l)
			}
			return s, nil
		}
		r.Seen(now)
		if s.Process.Exe == "" && r.process != 0 {
			s.Process.Exe = procfs.Exe(r.process)
		}
		if len(s.Process.Args) == 0 && r.process != 0 {
			s.Process.Args = procfs.Args(r.process)
		}
		return s, nil
	}
}

// Program returns what the record says of the program as a whole.
func (r *Record) Program() (*snapshot.Process, error) {
	h, err := readHeader(r.src)
	if err != nil {
		return nil, r.named(err)
	}
	st, live := procfs.Stat{}, false
	if r.Live {
		st, live = r.alive()
	}
	reader := newReader(r.src, h, 0)
	reader.process()
	p := &reader.snap.Process
	p.State = r.state(st, live)
	p.Pid, p.Container, p.Doubt = r.Pid, r.Container, r.Doubt
	return p, nil
}

// Now returns the present on the program's clock, in nanoseconds.
func (r *Record) Now() (int64, error) {
	if t, ok := procfs.Monotonic(r.process); ok {
		return t, nil
	}
	h, err := readHeader(r.src)
	if err != nil {
		return 0, err
	}
	return h.Start + time.Now().UnixNano() - h.StartWall, nil
}

func (r *Record) state(st procfs.Stat, live bool) string {
	switch {
	case live && st.Stopped():
		return "stopped"
	case live:
		return "live"
	}
	// The low seven bits of a wait status are the signal that killed the process.
	if h, err := readHeader(r.src); err == nil && h.Exit != 0 && (h.Exit-1)&0x7f != 0 {
		return "killed"
	}
	return "exited"
}

// Seen notes in the record that its program was alive at time now of its clock, so that a report after its sudden
// end can tell how long its goroutines had waited.
func (r *Record) Seen(now int64) { r.put(unsafe.Offsetof(runtime.Header{}.Seen), now) }

// Ended notes in the record that its program ended at time now of its clock, with a wait status as the system gives it.
func (r *Record) Ended(now int64, status uint32) {
	r.put(unsafe.Offsetof(runtime.Header{}.Exit), uint64(status)+1)
	r.put(unsafe.Offsetof(runtime.Header{}.Ended), now)
}

// SetAfter notes in the record how long a wait lasts before the program's watcher calls it stuck.
func (r *Record) SetAfter(d time.Duration) {
	ms := min(max(d.Milliseconds(), 1), math.MaxUint32)
	r.put(unsafe.Offsetof(runtime.Header{}.After), uint32(ms))
}

// After returns what SetAfter noted, or zero.
func (r *Record) After() time.Duration {
	h, err := readHeader(r.src)
	if err != nil {
		return 0
	}
	return time.Duration(h.After) * time.Millisecond
}

// Gone notes in the record that its program was found to have ended, at time now of its clock, for an unknown reason.
func (r *Record) Gone(now int64) { r.put(unsafe.Offsetof(runtime.Header{}.Ended), now) }

// Mark notes in the record whether a look found something stuck. It notes that nothing was only for an ended program.
func (r *Record) Mark(stuck bool) {
	switch {
	case stuck:
		r.put(unsafe.Offsetof(runtime.Header{}.Verdict), uint8(runtime.VerdictStuck))
	case !r.Live:
		r.put(unsafe.Offsetof(runtime.Header{}.Verdict), uint8(runtime.VerdictClean))
	}
}

// Tick advances the coarse clock of the record to time now, for a program whose goroutines all wait and so do not
// advance it.
func (r *Record) Tick(now int64) {
	h, err := readHeader(r.src)
	if ms := (now - h.Start) / 1e6; err == nil && ms >= 0 && uint32(ms)+1 > h.Clock {
		r.put(unsafe.Offsetof(h.Clock), uint32(ms)+1)
		r.put(unsafe.Offsetof(h.Seen), now)
	}
}

// put stores v, a number of fixed size, at offset off of the record, if the record can be written. A record without a
// file ends with its program, so nobody could read v.
func (r *Record) put(off uintptr, v any) {
	if !r.writable {
		return
	}
	var b bytes.Buffer
	if err := binary.Write(&b, binary.NativeEndian, v); err == nil {
		// On an error the next report on a dead program is a little less exact.
		_, _ = r.file.WriteAt(b.Bytes(), int64(off))
	}
}

// A window is a reader whose offset 0 is at offset base of another.
type window struct {
	r    io.ReaderAt
	base int64
}

func (w window) ReadAt(b []byte, off int64) (int, error) { return w.r.ReadAt(b, w.base+off) }
