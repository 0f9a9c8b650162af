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
	"time"
	"unsafe"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A Record is the open record of a program, live or dead. It may be read any number of times, by one goroutine at a time; the
// caller closes it.
type Record struct {
	Entry
	src      Source
	file     *os.File // nil: the record is in the program's memory
	writable bool
	mem      *procfs.Memory // nil: not needed or not permitted
}

// Open opens the record of process pid: of the live one, or of the last that had this pid and is dead.
func Open(pid int) (*Record, error) {
	e, err := find(pid, Dir())
	if err != nil {
		return nil, err
	}
	return OpenEntry(e)
}

// OpenFile opens the record in a file, be it where its program made it or a copy of it.
func OpenFile(path string) (*Record, error) {
	e, _ := parseName(filepath.Base(path))
	e.Path = path
	return OpenEntry(e)
}

// OpenArg opens the record that a command's argument names: a pid, or the path of a file.
func OpenArg(arg string) (*Record, error) {
	if pid, err := strconv.Atoi(arg); err == nil {
		if pid <= 0 {
			return nil, fmt.Errorf("%q is no process: give the pid of a program, or the file of a record", arg)
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
	if e.Path == "" {
		err = r.openMemory()
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
	fi, err := os.Stat(r.Path) // before it is opened: a pipe would make us wait for its writer
	if err != nil {
		return err
	}
	if !fi.Mode().IsRegular() {
		return fmt.Errorf("%s: not a record of an instrumented program", r.Path)
	}
	// Writing is for signs of life alone (see Seen); a record that can only be read is as good otherwise.
	f, err := os.OpenFile(r.Path, os.O_RDWR, 0)
	r.writable = err == nil
	if err != nil {
		if f, err = os.Open(r.Path); err != nil {
			return err
		}
	}
	r.file = f
	r.src = Source{Data: f, Size: fi.Size()}
	return nil
}

// openMemory finds a record that is not in a file, in the memory of its program.
func (r *Record) openMemory() error {
	maps, err := procfs.Mappings(r.Pid)
	if err != nil {
		return fmt.Errorf("cannot look for the record of process %d: %w", r.Pid, err)
	}
	if r.mem, err = procfs.OpenMemory(r.Pid); err != nil {
		return err
	}
	for _, m := range maps {
		if m.Path == memfd && m.Offset == 0 {
			r.src = Source{Data: window{r.mem, int64(m.Start)}, Memory: r.mem}
			h, err := firstBytes(r.src.Data)
			if err != nil {
				return err
			}
			// A part that became private memory splits the mapping: the header says how far it goes.
			r.src.Size = int64(h.Size)
			return nil
		}
	}
	return fmt.Errorf("process %d: %w", r.Pid, errNoRecord)
}

func firstBytes(data io.ReaderAt) (runtime.Header, error) {
	b := make([]byte, unsafe.Sizeof(runtime.Header{}))
	if _, err := data.ReadAt(b, 0); err != nil {
		return runtime.Header{}, fmt.Errorf("cannot read the record: %w", err)
	}
	return load[runtime.Header](b), nil
}

// identify checks the header, and finds out whether the process that it names still runs.
func (r *Record) identify() error {
	h, err := readHeader(r.src)
	for try := 0; err != nil && try < 100 && r.beingMade(); try++ {
		time.Sleep(5 * time.Millisecond)
		h, err = readHeader(r.src)
	}
	if err != nil {
		return r.named(err)
	}
	r.Pid, r.StartTicks = int(h.Pid), h.StartTicks
	r.Live = false
	// A copy of a record is not the record of the process, even while that runs: its file has another name or no longer changes.
	if e, ok := parseName(filepath.Base(r.Path)); r.Path == "" || ok && e.Pid == r.Pid {
		_, r.Live = procfs.Is(r.Pid, r.StartTicks)
	}
	if r.Live && r.src.Memory == nil {
		if mem, err := procfs.OpenMemory(r.Pid); err == nil {
			r.mem, r.src.Memory = mem, mem
		}
	}
	return nil
}

// beingMade reports whether the program of the record has only just begun to make it: the first word is written last.
func (r *Record) beingMade() bool {
	b := make([]byte, 8)
	_, err := r.src.Data.ReadAt(b, 0)
	if err == nil && load[uint64](b) != 0 || err != nil && err != io.EOF {
		return false
	}
	if fi, err := os.Stat(r.Path); err == nil {
		r.src.Size = fi.Size()
	}
	_, live := procfs.Is(r.Pid, r.StartTicks)
	return live && r.Pid != 0
}

// named puts the name of the record before err.
func (r *Record) named(err error) error {
	if r.Path == "" {
		return fmt.Errorf("process %d: %w", r.Pid, err)
	}
	return fmt.Errorf("%s: %w", r.Path, err)
}

// Close ends the access to the record.
func (r *Record) Close() error {
	var err error
	if r.file != nil {
		err = r.file.Close()
	}
	if r.mem != nil {
		r.mem.Close()
	}
	return err
}

// Snapshot reads the record. The goroutines have neither states nor stacks; Join adds them.
func (r *Record) Snapshot() (*snapshot.Snapshot, error) {
	st, live := procfs.Stat{}, false
	if r.Live {
		st, live = procfs.Is(r.Pid, r.StartTicks)
		r.Live = live
	}
	var now int64
	if live {
		var err error
		if now, err = r.now(); err != nil {
			return nil, r.named(err)
		}
	}
	s, err := Read(r.src, now)
	if err != nil {
		return nil, r.named(err)
	}
	s.Process.State = r.state(st, live)
	if !live {
		if l := r.kept(); l != nil {
			recall(s, l)
		}
	}
	if live {
		r.Seen(now)
		if s.Process.Exe == "" {
			s.Process.Exe = procfs.Exe(r.Pid)
		}
		if len(s.Process.Args) == 0 {
			s.Process.Args = procfs.Args(r.Pid)
		}
	}
	return s, nil
}

// now returns the present on the program's clock.
func (r *Record) now() (int64, error) {
	if t, ok := monotonic(); ok {
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

// SetAfter notes in the record how long a wait is before whoever watches the program calls it stuck.
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

// Gone notes in the record that its program was found to have ended at time now of its clock, nobody knows how.
func (r *Record) Gone(now int64) { r.put(unsafe.Offsetof(runtime.Header{}.Ended), now) }

// Tick moves the coarse clock of the record on to time now, for a program whose goroutines all wait and so do not move it themselves.
func (r *Record) Tick(now int64) {
	h, err := readHeader(r.src)
	if ms := (now - h.Start) / 1e6; err == nil && ms >= 0 && uint32(ms)+1 > h.Clock {
		r.put(unsafe.Offsetof(h.Clock), uint32(ms)+1)
		r.put(unsafe.Offsetof(h.Seen), now)
	}
}

// put stores v, a number of fixed size, at offset off of the record, if that can be written. A record without a file ends with its program:
// nothing would be left to read.
func (r *Record) put(off uintptr, v any) {
	if !r.writable {
		return
	}
	var b bytes.Buffer
	if err := binary.Write(&b, binary.NativeEndian, v); err == nil {
		// Not written: the next report on a dead program is a little less exact.
		_, _ = r.file.WriteAt(b.Bytes(), int64(off))
	}
}

// A window is a reader whose offset 0 is at offset base of another.
type window struct {
	r    io.ReaderAt
	base int64
}

func (w window) ReadAt(b []byte, off int64) (int, error) { return w.r.ReadAt(b, w.base+off) }
