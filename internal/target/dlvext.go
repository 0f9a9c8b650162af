package target

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A Target is the program to read: a process, or a core and its executable.
type Target struct {
	Pid  int
	Core string
	// Exe is the executable's path. It is needed for a core; for a process, empty means the file that the process runs.
	Exe string
	// Registers returns the general registers of a thread of a process that a debugger holds, in the order of
	// [procfs.RegisterNames], or nil if the caller does not know them. The kernel gives them to the debugger only.
	Registers func(tid int) []uint64
}

// Options say how much to read. The zero Options read the goroutines and no stacks.
type Options struct {
	// Standing is called once while the program stands still, so that what it reads is consistent with the Result; it
	// should take milliseconds. The goroutines are read at the same time. It returns the objects that Select may want.
	// A nil Standing wants none.
	Standing func() []Ref
	// Copied, if it is not nil, is called once after Standing, before the copies are converted, which takes memory. A
	// live program may have gone on by then.
	Copied func()
	// Select is called once, after Copied, with all goroutines sorted by ID, and returns which stacks and objects are
	// wanted. It must not keep what it is given. CreatedBy and Stack are not set yet. A nil Select wants nothing.
	Select func(iter.Seq[*snapshot.Goroutine]) Wanted
	// Join, if it is not nil, is called once, at the end of a reading without an error, with what would have been
	// Result.Goroutines, which stays empty: of many goroutines a list takes much memory. It must not keep what it is
	// given, but a copy.
	Join func(iter.Seq[*snapshot.Goroutine])
	// Depth is the number of frames read of each stack; zero means 64.
	Depth int
	// MaxStacks bounds the number of stacks; zero means 256. Result.StacksLeft counts those that were left out.
	MaxStacks int
	// Timeout bounds how long a live program is kept stopped; zero means 5 seconds. Stacks that are not read by then
	// are left out, and counted in Result.StacksLeft.
	Timeout time.Duration
	// Capturer, if it is not nil, copies memory in the same stop.
	Capturer Capturer
}

// A Capturer copies memory of a program while Read stops it.
type Capturer interface {
	// Ready is called before a running program is stopped. It may keep src, whose threads can be read only during
	// Capture. err says why there is no src. given says that Goroutine will be called.
	Ready(src reach.Source, given bool, err error)
	// Goroutine is called while the program stands still, before Capture, with each g that was read, in the order of
	// their addresses: index is its place in the runtime's list, and b, which is valid only during the call, are its
	// bytes.
	Goroutine(index int, addr uint64, b []byte)
	// Capture is called while the program stands still, after all goroutines have been read.
	Capture()
}

// Wanted is the result of Options.Select.
type Wanted struct {
	Stacks  []int64 // goroutine IDs, most important first
	Objects []Ref
}

// A Ref names an object in the program's memory.
type Ref struct {
	Addr uint64
	Kind runtime.Kind
}

// A Result is what was read. The caller owns it, but must not change what CreatedBy points to, because goroutines share
// it.
type Result struct {
	// Goroutines is sorted by ID and leaves out the runtime's own (garbage collector, finalizers…). ID, State, Reason,
	// Labels, CreatedBy, ThreadID and, if wanted, Stack are set.
	Goroutines []snapshot.Goroutine
	// Parks counts, modulo 256, how often each of Goroutines has left its processor. A goroutine that waits, and had
	// the same count before, has waited all the time. nil: the runtime does not count.
	Parks []uint8
	// Blocked has the operating system's side of waits, by goroutine ID, as far as stacks show it.
	Blocked map[int64]Blocked
	// Objects holds those of Wanted.Objects that could be read.
	Objects map[Ref]Object
	// StacksLeft counts the wanted stacks that were not read. Unreadable counts the goroutines that were not.
	StacksLeft, Unreadable int
	// Stopped is set if a signal had stopped the process before.
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
	// Deadline is when the wait ends by itself, on the system's monotonic clock in nanoseconds; 0: never, -1: unknown.
	Deadline int64
	Limit    int    // size of the pool that it waits for; 0 unknown
	Owner    uint64 // address of what it serves: the http.Transport of a connection, the server of a handler; 0 unknown
	Conn     uint64 // address of the HTTP client's connection that it reads from, or has sent a request on; 0 unknown
	Ends     uint64 // address of the server that it shuts down; 0 none, or unknown
}

// Read reads the program t, and always lets it go on as before. Its error is an [*procfs.Error], or that of ctx. Read
// may be called concurrently for different processes.
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

// setDefaults replaces zero values by what they mean.
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

// guard turns a panic in Delve, which foreign bytes can cause, into an error.
func guard(err *error) {
	if p := recover(); p != nil {
		*err = procfs.Damage("the debug information or memory does not make sense to Delve: %v", p)
	}
}

// read reads all that o wants, while the program stands still.
func (s *session) read(o Options) (*Result, error) {
	res, _, err := s.look(o)
	if err == nil {
		s.fill(res, o)
	}
	return res, err
}

// look reads what will change when the program goes on. It returns the objects that may be wanted.
func (s *session) look(o Options) (*Result, []Ref, error) {
	var refs []Ref
	var standing sync.WaitGroup
	if o.Standing != nil {
		standing.Go(func() { refs = o.Standing() })
	}
	err := s.loadGoroutines()
	if err == nil {
		s.readLabels()
	}
	standing.Wait()
	return &Result{Unreadable: s.unreadable}, refs, err
}

// fill reads the stacks and objects that o wants of what look read.
func (s *session) fill(res *Result, o Options) {
	if o.Copied != nil {
		o.Copied()
	}
	s.sortGoroutines()
	s.stacks, s.creators = nil, nil
	if o.Select != nil {
		want := o.Select(s.each())
		s.readStacks(res, want.Stacks, o)
		s.readObjects(res, want.Objects)
	}
}

// finish adds the goroutines to res.
func (s *session) finish(res *Result, o Options) {
	s.findCreators()
	if o.Join == nil {
		res.Parks = s.parks()
		res.Goroutines = make([]snapshot.Goroutine, 0, len(s.gs))
		for g := range s.each() {
			res.Goroutines = append(res.Goroutines, *g)
		}
		return
	}
	o.Join(s.each())
}

// Finish has o.Join take the goroutines of res, if it is not nil.
func (o *Options) Finish(res *Result) {
	if o.Join == nil {
		return
	}
	o.Join(snapshot.Each(res.Goroutines))
	res.Goroutines, res.Parks = nil, nil
}
