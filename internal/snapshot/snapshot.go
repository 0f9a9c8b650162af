// Package snapshot has the type for what is known of a program at one moment: its goroutines with their probes, the
// objects that they wait for and hold, and their stacks. It comes from several sources (record file, live process,
// core, Delve target); the diagnosis is a pure function of it.
package snapshot

import (
	"cmp"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
)

// DroppedObjects is the name in Snapshot.Dropped of objects whose facts the record has forgotten.
const DroppedObjects = "objects forgotten for want of room"

// A Snapshot is a program at one moment. Times are nanoseconds of the program's monotonic clock; zero is unknown.
type Snapshot struct {
	Process Process
	// Taken is the moment of the snapshot: durations count up to it.
	Taken int64
	// Goroutines is sorted by ID. It holds the goroutines that reached a probe, and, where HasStates, all others too.
	Goroutines []Goroutine
	// Asleep means that the program has ended, probably because all its goroutines were asleep: the Go runtime ends it
	// then.
	Asleep bool
	// HasStates means that the states and stacks of all goroutines were read from the program itself, so a goroutine
	// that is not in Goroutines has exited.
	HasStates bool
	// NoStates says in one line why HasStates is false, and what to do; empty if there is nothing to do.
	NoStates string
	// NoProbes says in one line why only states and stacks are known; empty if the program has a record.
	NoProbes string
	// Objects holds what is known of the objects, by address.
	Objects map[uint64]*Object
	// Orphans are locks whose holder has exited without unlocking.
	Orphans []Hold
	// Orders lists the locks that were taken while others were held, if noted.
	Orders []Order
	// Dropped counts what the record had no room for, or what contradicted the rest, by a name for the report.
	Dropped map[string]int
	// Memory is what the program's memory tells besides states and stacks; nil if it was not read.
	Memory *Memory
	// Waited says how long waits were, by place. It has only places where a wait was longer than a tick.
	Waited map[*Probe]*Waited
	// Calls are the places of the requests that the program has made.
	Calls []*Probe
	// Starts are the go statements of libraries that have started goroutines.
	Starts []Start
	// Before is an earlier look at the same program, at least by its record, or nil. It takes two looks to tell which
	// goroutines pass probes all the time, and which become more.
	Before *Earlier
	// Later is a later look at the same program, by the states of its goroutines alone, or nil.
	Later *Snapshot
}

// A Process is the program as a whole.
type Process struct {
	Pid       int
	Exe       string
	Args      []string
	Go        string // version, such as "go1.26.1"
	StartWall int64  // wall clock, nanoseconds since 1970
	TakenWall int64  // wall clock of Snapshot.Taken
	State     string // live, exited, killed, core, stopped or dump (a goroutine dump)
	// Unwatched means that the program has ended and nobody saw when: Taken is its last sign of life, and every wait
	// may have been longer.
	Unwatched bool
	// Looked is when an ended program's states and stacks were last read, or when a running program was last proven to
	// be stuck, if this look is at its record alone; zero means never.
	Looked int64
	// Container names the program's container, by its cgroup; empty: none, or unknown.
	Container string
	// Unkept says why the record is in memory, and ends with the program; empty if it is kept.
	Unkept string
	// Doubt says why the record may not be the program's own; empty if nothing suggests that.
	Doubt string
	// Off says why the program's probes are off, in a few words; empty when they are on.
	Off string
	// CPU is the processor time that the program has used, in nanoseconds; 0: unknown.
	CPU int64
	// Reads counts the program's system calls that read, and ReadBytes what they got; 0: unknown.
	Reads, ReadBytes int64
	// StoppedFor is how long the look stopped the program, in nanoseconds; 0: not at all.
	StoppedFor int64
}

// A Probe is a site that a goroutine reached. File and Line are those of the original source.
type Probe struct {
	Op         runtime.Op
	Kind       runtime.Kind
	Flags      uint16
	Expr, Func string
	File       string
	Line, Col  int
	// Obj is the object's expression in the source, such as "s.mu"; empty if it has none. For a select it lists the
	// channels of the cases, a line each: see Object.
	Obj string
	// Callee is the function that an I/O operation calls, in the form of go doc: net/http.Client.Do.
	Callee string
	// Roles holds the roles of the channels: see Role.
	Roles uint32
}

// ComparePlaces orders probes by file, line and column.
func ComparePlaces(a, b *Probe) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
}

// Role returns what the channel of case i of a select is for, or, with i zero, the channel of another operation.
func (p *Probe) Role(i int) runtime.Role { return runtime.RoleAt(p.Roles, i) }

// Object returns the expression of the channel of case i of a select, or, with i zero, of the object of another
// operation; empty if it has none.
func (p *Probe) Object(i int) string {
	if p.Op != runtime.OpSelect {
		return p.Obj
	}
	for rest := p.Obj; rest != "" && i >= 0; i-- {
		line, after, _ := strings.Cut(rest, "\n")
		if i == 0 {
			return line
		}
		rest = after
	}
	return ""
}

// A Start is a go statement of a library.
type Start struct {
	File string
	Line int
	// Callers are the user's functions that led there once, innermost first.
	Callers []Frame
}

// A Goroutine is one goroutine. A goroutine that has reached no probe has a nil Last.
type Goroutine struct {
	ID int64
	// State is waiting, running, runnable, syscall, exited or unknown; Reason is the runtime's wait reason, such as
	// "chan receive".
	State, Reason string
	// Leaked means that the garbage collector has proven that nothing can wake it: nothing that goes on can reach what
	// it waits for. The garbage collector does that for the goroutineleak profile.
	Leaked bool
	// Last is the last probe that the goroutine reached, LastAt when (to a millisecond, or exact if it waits there).
	Last   *Probe
	LastAt int64
	// Steps counts the probes that the goroutine has reached (modulo 2^32), so two looks tell whether it moved.
	Steps uint32
	// Born is when the goroutine reached its first probe, to a millisecond; 0: unknown.
	Born int64
	// Waits are the operations that the goroutine is in, innermost first. It waits at Last if Waits[0].Probe is Last.
	Waits []Wait
	// Holds are the locks that it holds, oldest first.
	Holds []Hold
	// History are the last probes, newest first, Last included.
	History []Step

	// Labels are its profiler labels; nil: none, or unknown. Goroutines share the map.
	Labels map[string]string

	// Test is the test that the goroutine belongs to: it runs the test, or was started by it, directly or through
	// others. Nil: none, or unknown. Goroutines of one test share it.
	Test *Test

	// Blocked and Reach are what the program's memory says of its wait; nil if it was not read, or the goroutine does
	// not wait.
	Blocked *Blocked
	Reach   *Reach

	CreatedBy *Created // nil: unknown
	Stack     []Frame  // innermost first; nil: unknown
	ThreadID  int      // the thread that runs it, or 0
	// address of what it serves: the http.Transport of a client's connection, the server of a handler; 0 unknown
	Owner uint64
	Ends  uint64 // address of the server that it shuts down; 0 none, or unknown
	// Ran is the processor time that its thread used between two looks, in nanoseconds, if both found the goroutine on
	// that thread; else 0. Negative: the second look found it elsewhere.
	Ran int64
	// Starved is how long all looks found it runnable, and never running, in nanoseconds; 0: they did not, or there
	// were none.
	Starved int64
	// Loop is what several looks saw of a goroutine that passes the same few probes all the time, or nil.
	Loop *Loop
	// Passed is the last select that the goroutine has left; nil: unknown. Its Since is not set.
	Passed *Wait
}

// A Loop describes a goroutine that each look found in the same loop. The counts are for the time For; all but Steps
// are the whole program's.
type Loop struct {
	For   int64 // how long, in nanoseconds; 0: it has left the loop
	Looks int   // number of looks
	// Waiting is how many looks found the goroutine in a wait of the runtime; 0: none did, or its state is unknown.
	Waiting int
	Steps   int64 // probes that it passed
	CPU     int64 // processor time, in nanoseconds
	// Kept is how much of For the program was kept from a processor by others, in nanoseconds; 0: not, or unknown.
	Kept int64
	// Reads counts the system calls that read, and ReadBytes what they got.
	Reads, ReadBytes int64
	Born             int // goroutines that were started and reached a probe
}

// A Test is a test of a program that `awaittrace test` runs.
type Test struct {
	Number    int // counts the tests of the program, from 1
	Name      string
	Goroutine int64 // the goroutine that runs it
	Started   int64
	Running   bool // it has not ended
}

// A Wait is an operation that a goroutine is in: it waits itself, or in what it called.
type Wait struct {
	Probe *Probe
	Obj   uint64 // address, 0 if the operation has no object
	Since int64
	Cases []Case // of a select, in source order
	More  int    // cases of the select beyond Cases, for which the record had no room
	Cap   int    // of a channel, -1 if unknown
	IO    *IO    // what the operating system says of an operation without an object; nil if unknown
}

// A Case is one case of a select.
type Case struct {
	Obj  uint64
	Send bool
}

// A Hold is a lock that a goroutine holds, or held when it exited.
type Hold struct {
	Goroutine int64
	Obj       uint64
	Probe     *Probe
	Since     int64 // when it was taken: at most a millisecond later than this, and not before the previous probe
	Read      bool  // a read lock of an RWMutex
	Exited    bool
	Last      *Probe // of an orphan: the last probe that its goroutine reached
}

// An Order says that goroutines took a lock while they held another.
type Order struct {
	Held, Taken OrderedLock
	Goroutines  []int64 // the first of those that did
	// Begun and Last bound when it was done, by the numbers of the program's go statements: the first of the goroutines
	// was started after Begun, and none did it after Last+1.
	Begun, Last uint32
	// Cycle and Cycles say between which garbage collections it was done: bit n of Cycles is for the time after number
	// Cycle-n. Zero Cycles: the locks are package variables, which never change.
	Cycle  uint32
	Cycles uint64
	Gates  []Gate  // other locks that were held each time
	Stack  []Frame // how the first of the goroutines came to take the lock, innermost first; nil: unknown
}

// An OrderedLock is a lock and where it was taken, as a read lock if Read is set.
type OrderedLock struct {
	Obj   uint64
	Probe *Probe
	Read  bool
}

// A Gate is a lock that is held around others.
type Gate struct {
	Obj  uint64
	Read bool
}

// A Step is an entry of a history.
type Step struct {
	Probe *Probe
	At    int64
}

// Created says which go statement started a goroutine.
type Created struct {
	Goroutine  int64 // 0: unknown
	Func, File string
	Line       int
}

// A Frame is a stack frame.
type Frame struct {
	Func, File string
	Line       int
}

// An Object is a channel, lock, WaitGroup, Cond, Once or I/O object. Unknown facts are nil.
type Object struct {
	Addr uint64
	Kind runtime.Kind
	// Expr is the object's expression at the newest site that used it.
	Expr string
	// Len and Cap are those of a channel, -1 if unknown.
	Len, Cap int
	// Shut means that the channel is closed, by its memory. Closed says who closed it, if a probe saw it.
	Shut bool
	// Count is the counter of a WaitGroup: how many Dones are owed. -1: unknown.
	Count int
	// Stopped means that this is the channel of a stopped timer.
	Stopped bool
	// OfProgram means that a test made it for the whole program.
	OfProgram bool
	// See runtime.Object for what these mean for each kind.
	Made, Sent, Received, Closed *Fact
	// IO is what the operating system says of a connection, listener, file or process; nil if unknown.
	IO *IO
}

// A Fact says who did something last, where and when.
type Fact struct {
	Goroutine int64
	Probe     *Probe
	At        int64
	Exited    bool // its goroutine has exited since
}

// IO is what the operating system says of an object.
type IO struct {
	Network       string // tcp, udp or unix; empty if it is not a socket
	Local, Remote string
	Unsent        int // bytes in the kernel that the peer has not taken; -1 unknown
	Unread        int // bytes that have arrived and were not read; -1 unknown
	Path          string
	FD            int  // the program's file descriptor; -1 unknown
	Pid           int  // the awaited process; 0 unknown
	Reaped        bool // the process Pid has exited: the wait is for the end of its output
	// the process at the other end, if it is on this machine, or the awaited one: "pid 4711 (name)"
	Peer     string
	LockedBy string // the process that holds the file's lock: "pid 4711 (name)"; empty: none, or unknown
	Limit    int    // size of the pool whose connection or token is awaited; 0 unknown
	// Deadline is when the operation ends by itself, on the program's clock; 0: never; -1: unknown.
	Deadline int64
	// Across are all goroutines that can reach either end of a connection with both ends in this program; nil: it is
	// not such a connection, others could use it, or unknown.
	Across []int64
	// Handlers are the goroutines that serve the other end of the request's connection, if it is in this program, and
	// those that they have started; nil: it is not, or unknown.
	Handlers []int64
	// Pipe is the pipe of this program that the other or awaited process waits for; nil: none, or unknown.
	Pipe *Pipe
}

// A Pipe is a pipe between the program and a process that waits for it.
type Pipe struct {
	Process string // that waits: "pid 4711 (name)"
	Write   bool   // it writes to a full pipe; otherwise it reads from an empty one
	FD      int    // the program's end, which no other process has
	// Users are all goroutines that can reach the file of FD, by the program's memory; nil: unknown, or others could
	// use it.
	Users []int64
}
