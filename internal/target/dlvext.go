package target

import (
	"context"
	"time"

	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A Target is the program to read: a process, or a core and the executable that it is of.
type Target struct {
	Pid  int
	Core string
	// Exe is the executable's path. It is needed for a core; for a process, empty means the file that the process runs.
	Exe string
	// Registers returns the general registers of a thread of a process that a debugger holds, in the order of [source.RegisterNames], where the caller
	// knows them, or nil. The kernel tells them to the debugger alone.
	Registers func(tid int) []uint64
}

// Options say how much is read. The zero Options read the goroutines and no stacks.
type Options struct {
	// Standing is called once while the program stands still, so that what it reads of it fits what is read here; it should take milliseconds. It returns the objects
	// that Select may want. Nil: it wants none.
	Standing func() []Ref
	// Select is called once, with all goroutines sorted by ID, after Standing, and says which stacks and objects are wanted. A live program may have gone on by then. It
	// must neither keep nor change the slice. CreatedBy and Stack are not there yet. Nil: nothing is wanted.
	Select func([]snapshot.Goroutine) Wanted
	// Depth is the number of frames read of each stack; zero means 64.
	Depth int
	// MaxStacks bounds the number of stacks; zero means 256. Result.StacksLeft says how many were asked for in vain.
	MaxStacks int
	// Timeout bounds the time for which a live program is kept stopped; zero means 5 seconds. Where it must stand still until its stacks have been read, those
	// that are not read by then are left out, and counted in Result.StacksLeft.
	Timeout time.Duration
	// Capturer, if it is not nil, copies memory in the same stop.
	Capturer Capturer
}

// A Capturer copies memory of a program while a reading has it stand still.
type Capturer interface {
	// Ready is called before the program is stopped, where it runs. It may keep src, from which threads can be read during Capture only. err says why there is
	// no src.
	Ready(src reach.Source, err error)
	// Capture is called while the program stands still, after all else has been read.
	Capture()
}

// Wanted is what Options.Select asks for.
type Wanted struct {
	Stacks  []int64 // goroutine IDs, most important first
	Objects []Ref
}

// A Ref names an object in the program's memory.
type Ref struct {
	Addr uint64
	Kind runtime.Kind
}

// A Result is what was read. It belongs to the caller, who must not change what CreatedBy points at: goroutines share it.
type Result struct {
	// Goroutines is sorted by ID and has those that the runtime itself does not count as its own (garbage collector, finalizers…).
	// ID, State, Reason, Labels, CreatedBy, ThreadID and, where it was asked for, Stack are set.
	Goroutines []snapshot.Goroutine
	// Parks counts, modulo 256, how often each of Goroutines has left its processor: one that waits and had the same number before has waited all the time.
	// Nil: the runtime does not say.
	Parks []uint8
	// Blocked says what the operating system's side of a wait is, by goroutine ID, for those whose stack was read and shows it.
	Blocked map[int64]Blocked
	// Objects holds those of Wanted.Objects that could be read.
	Objects map[Ref]Object
	// StacksLeft counts the stacks that were asked for and not read; Unreadable the goroutines that were not.
	StacksLeft, Unreadable int
	// Stopped says that the process had been stopped, by a signal, before we came.
	Stopped bool
	// Taken is the moment of the reading on the system's monotonic clock, in nanoseconds; zero for a core.
	Taken int64
	// Paused is how long the process was kept from running.
	Paused time.Duration
}

// Blocked is the operating system's side of what a goroutine is in.
type Blocked struct {
	FD   int    // file descriptor that it reads, writes, accepts or connects; -1 unknown
	Path string // the file's name, or the path of the program that it waits for
	Pid  int    // the process that it waits for; 0 unknown
	// Deadline is when the wait will end by itself, on the system's monotonic clock in nanoseconds; 0 if it will not, -1 unknown.
	Deadline int64
	Limit    int    // how many the pool may have that it waits for; 0 unknown
	Owner    uint64 // address of what it serves: the http.Transport of a connection, the server of a handler; 0 unknown
	Conn     uint64 // address of the connection of an HTTP client that it reads from, or has sent a request by; 0 unknown
	Ends     uint64 // address of the server that it shuts down; 0 none, or unknown
}

// Read reads the program t. An error is an [*Error], or ctx's; the program goes on as before in any case.
// Read may be called concurrently for different processes.
func Read(ctx context.Context, t Target, o Options) (*Result, error) {
	o.setDefaults()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if t.Core != "" {
		return readCore(ctx, t, o)
	}
	return readProcess(ctx, t, o)
}

// setDefaults replaces what is zero by what it means.
func (o *Options) setDefaults() {
	if o.Depth <= 0 {
		o.Depth = 64
	}
	if o.MaxStacks <= 0 {
		o.MaxStacks = 256
	}
	if o.Timeout <= 0 {
		o.Timeout = 5 * time.Second
	}
}

// guard turns a panic of Delve's, which foreign bytes can cause, into an error.
func guard(err *error) {
	if p := recover(); p != nil {
		*err = damaged("the debug information or memory does not make sense to Delve: %v", p)
	}
}

// read reads all that o asks for. It is called while the program stands still.
func (s *session) read(o Options) (*Result, error) {
	res, _, err := s.look(o)
	if err == nil {
		s.fill(res, o)
	}
	return res, err
}

// look reads what changes when the program goes on. It returns the objects that may be wanted.
func (s *session) look(o Options) (*Result, []Ref, error) {
	if err := s.loadGoroutines(); err != nil {
		return nil, nil, err
	}
	s.readLabels()
	res := &Result{Unreadable: s.unreadable}
	if o.Standing == nil {
		return res, nil, nil
	}
	return res, o.Standing(), nil
}

// fill adds the goroutines that look has read, and reads the stacks and objects that o wants.
func (s *session) fill(res *Result, o Options) {
	res.Goroutines, res.Parks = s.snapshots(), s.parks()
	if o.Select != nil {
		want := o.Select(res.Goroutines)
		s.readStacks(res, want.Stacks, o)
		s.readObjects(res, want.Objects)
	}
}
