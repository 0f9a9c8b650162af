// Package snapshot is what is known of an instrumented program at one moment: its goroutines with their probes, the objects
// that they wait for and hold, and their stacks. It is one type with several sources (record file, live process, core,
// Delve target); the diagnosis is a pure function of it and does not know where it came from.
package snapshot

import (
	"cmp"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
)

// A Snapshot is a program at one moment. Times are nanoseconds of the program's monotonic clock; zero is unknown.
type Snapshot struct {
	Process Process
	// Taken is the moment of the snapshot: durations count up to it.
	Taken int64
	// Goroutines is sorted by ID. It holds the goroutines that reached a probe, and, where HasStates, all others too.
	Goroutines []Goroutine
	// Asleep says that the program has ended, it seems because all its goroutines were asleep: the Go runtime ends it then.
	Asleep bool
	// HasStates says that the states and stacks of all goroutines were read from the program itself, so that a goroutine that
	// the record knows and Goroutines does not have has exited.
	HasStates bool
	// NoStates says in one line why HasStates is false, and what to do; empty where there is nothing to do.
	NoStates string
	// NoProbes says in one line why nothing is known but states and stacks; empty where the program has a record.
	NoProbes string
	// Objects holds what is known of the objects, by address.
	Objects map[uint64]*Object
	// Orphans are locks whose holder has exited without unlocking.
	Orphans []Hold
	// Orders says which locks were taken while others were held. Nil: nobody asked for it, or none were.
	Orders []Order
	// Dropped counts what the record had no room for or what did not fit together, by a name that a reader understands.
	Dropped map[string]int
	// Memory is what the program's memory tells besides states and stacks; nil where it was not read.
	Memory *Memory
	// Waited says how long waits were, by place. Places at which nobody has waited for longer than a tick are not in it.
	Waited map[*Probe]*Waited
	// Calls are the places of requests that the program has made so far.
	Calls []*Probe
	// Starts are the go statements of libraries that have started goroutines so far.
	Starts []Start
	// Before is an earlier look at the same program, by its record at least; nil if it was looked at once. Which goroutines pass probes all
	// the time, and which are more and more, takes two looks to tell.
	Before *Snapshot
	// Later is the same program a while later, by the states of its goroutines alone; nil: nobody looked.
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
	State     string // live, exited, killed, core, stopped, or dump for the text of a goroutine dump
	// Unwatched says that the program has ended and nobody saw when: Taken is then its last sign of life, and every wait may
	// have been longer.
	Unwatched bool
	// Looked is the moment of an earlier look at the program itself: of one that has ended, the last, from which the states and stacks of the goroutines are that
	// have not moved since; of one that runs and of which the record alone is known, that which has proven that some are stuck. Zero if there was none.
	Looked int64
	// Container is the container that the program runs in, as its cgroup names it; empty: none, or unknown.
	Container string
	// Unkept says why the record is in memory, and ends with the program; empty where it stays.
	Unkept string
	// Doubt says why the record may be the work of somebody else than the program; empty where nothing speaks for that.
	Doubt string
	// Off says why the program's probes are off, in a few words; empty when they are on.
	Off string
	// CPU is how much processor time the program has used so far, in nanoseconds; 0: unknown.
	CPU int64
	// Reads and ReadBytes are how many system calls of the program have read so far, and what they got; 0: unknown.
	Reads, ReadBytes int64
	// StoppedFor is how long the program was kept from running for the look, in nanoseconds; 0: it was not.
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
	// Obj is the object as the source calls it, such as "s.mu"; empty: it has no name there. Of a select it lists the channels of the cases, a line
	// each: see Object.
	Obj string
	// Callee is the function that an I/O operation calls, as the catalog has it and go doc takes it: net/http.Client.Do.
	Callee string
	// Roles holds the roles of the channels: see Role.
	Roles uint32
}

// ComparePlaces orders probes by file, line and column.
func ComparePlaces(a, b *Probe) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
}

// Role returns what the channel of case i of a select is for, or, with i zero, that of any other operation on a channel.
func (p *Probe) Role(i int) runtime.Role { return runtime.RoleAt(p.Roles, i) }

// Object returns what the source calls the channel of case i of a select, or, with i zero, the object of any other operation; empty: it has no name.
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
	// Callers are the functions that led there once, the innermost first, as far as they are in no library.
	Callers []Frame
}

// A Goroutine is one goroutine. A goroutine that has reached no probe has a nil Last.
type Goroutine struct {
	ID int64
	// State is waiting, running, runnable, syscall, exited or unknown; Reason is the runtime's wait reason, such as "chan receive".
	State, Reason string
	// Leaked says that the garbage collector has proven that nothing can wake it: nothing that goes on can reach what it waits for. The
	// collector looks for that when the program takes its goroutineleak profile.
	Leaked bool
	// Last is the last probe that the goroutine reached, LastAt when it reached it (to a millisecond, or exact when it waits there).
	Last   *Probe
	LastAt int64
	// Steps counts the probes that the goroutine has reached (modulo 2^32): a reader that looks twice sees whether it moved.
	Steps uint32
	// Born is when the goroutine reached its first probe, to a millisecond; 0: unknown.
	Born int64
	// Waits are the operations that the goroutine is in, innermost first. It waits at Last when Waits[0].Probe is Last.
	Waits []Wait
	// Holds are the locks that it holds, oldest first.
	Holds []Hold
	// History are the last probes, newest first, Last included.
	History []Step

	// Labels are the profiler labels that the program has given it, such as those of a request; nil: none, or unknown. Goroutines share the map.
	Labels map[string]string

	// Test is the test that the goroutine belongs to: the one that it runs, or that started it, itself or by others. Nil: none, or unknown.
	// Goroutines of one test share it.
	Test *Test

	// Blocked and Reach are what the program's memory says of its wait; nil where it was not read, or the goroutine does not wait.
	Blocked *Blocked
	Reach   *Reach

	CreatedBy *Created // nil: unknown
	Stack     []Frame  // innermost first; nil: unknown
	ThreadID  int      // the thread that runs it, or 0
	Owner     uint64   // address of what it serves: of a connection of an HTTP client, the http.Transport; of a handler, the server; 0 unknown
	Ends      uint64   // address of the server that it shuts down; 0 none, or unknown
	// Ran is how much processor time its thread has used, in nanoseconds, if the goroutine was found on that thread each time it was looked at, with the thread at
	// work between; 0 otherwise, and if it was looked at once. Negative: the second look found it elsewhere.
	Ran int64
	// Starved is for how long looks found it runnable each time, and never running, in nanoseconds; 0: it was not, or nobody looked.
	Starved int64
	// Loop is what several looks saw of a goroutine that passes the same few probes all the time; nil: nobody looked.
	Loop *Loop
	// Passed is the last select that the goroutine was in and has left; nil: unknown. Since is not set.
	Passed *Wait
}

// A Loop is what is known of a goroutine that was found in the same loop each time that it was looked at. The counts are those of For; all but Steps are of the whole
// program.
type Loop struct {
	For   int64 // for how long, in nanoseconds; 0: it has left the loop meanwhile
	Looks int   // how often it was looked at
	Steps int64 // probes that it passed
	CPU   int64 // processor time, in nanoseconds
	// Reads are the system calls that read, and ReadBytes what they got.
	Reads, ReadBytes int64
	Born             int // goroutines that were started, and reached a probe
}

// A Test is a test of a program that `awaittrace test` runs.
type Test struct {
	Number    int // counts the tests of the program, from 1
	Name      string
	Goroutine int64 // the one that runs it
	Started   int64
	Running   bool // it has not ended
}

// A Wait is an operation that a goroutine is in: it waits, or what it called does.
type Wait struct {
	Probe *Probe
	Obj   uint64 // address, 0 if the operation has no object
	Since int64
	Cases []Case // of a select, in source order
	More  int    // cases of the select beyond those in Cases, which the record had no room for
	Cap   int    // of a channel, -1 if unknown
	IO    *IO    // what the operating system says of an operation that has no object of ours; nil if unknown
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
	Since     int64 // when it was taken: not later than this plus a millisecond, and not earlier than the probe before
	Read      bool  // a read lock of an RWMutex
	Exited    bool
	Last      *Probe // of an orphan: the last probe that its goroutine reached
}

// An Order says that goroutines took a lock while they held another.
type Order struct {
	Held, Taken OrderedLock
	Goroutines  []int64 // the first of those that did
	// Begun and Last are the span of go statements of the program, by number, in which it was done: after Begun the first of the goroutines was started, and none
	// did it after Last+1.
	Begun, Last uint32
	// Cycle and Cycles say between which garbage collections it was done: bit n of Cycles is for those after number Cycle-n. Zero Cycles: the locks are
	// package variables, and the same always.
	Cycle  uint32
	Cycles uint64
	Gates  []Gate  // other locks that were held each time
	Stack  []Frame // how the first of the goroutines came to take the lock, innermost first; nil: unknown
}

// An OrderedLock is a lock and where it was taken, for reading only if Read is set.
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

// An Object is a channel, lock, WaitGroup, Cond, Once or I/O object. Facts that nobody knows are nil.
type Object struct {
	Addr uint64
	Kind runtime.Kind
	// Expr is the object as the source calls it, from the newest site that used it.
	Expr string
	// Len and Cap are those of a channel, -1 if unknown.
	Len, Cap int
	// Shut says that the channel is closed, as its memory has it. Who closed it, and where, is Closed, if a probe saw it.
	Shut bool
	// Count is the counter of a WaitGroup: how many Dones are owed. -1: unknown.
	Count int
	// Stopped says that this is the channel of a timer that is not running.
	Stopped bool
	// OfProgram says that a test made it, but for the whole program.
	OfProgram bool
	// Made, Sent, Received, Closed: see runtime.Object, which says what they mean for other kinds.
	Made, Sent, Received, Closed *Fact
	// IO is what the operating system knows of a connection, listener, file or process; nil if unknown.
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
	Network       string // tcp, udp or unix; empty for what is no socket
	Local, Remote string
	Unsent        int // bytes that the kernel holds and the peer has not taken; -1 unknown
	Unread        int // bytes that have arrived and nobody has read; -1 unknown
	Path          string
	FD            int    // the program's file descriptor; -1 unknown
	Pid           int    // the process that is waited for; 0 unknown
	Reaped        bool   // the process Pid has exited and was waited for: what is waited for is the end of its output
	Peer          string // the process on the other side, where it is on this machine, or that is waited for: "pid 4711 (name)"
	LockedBy      string // the process that holds the lock of the file, as the kernel says: "pid 4711 (name)"; empty: none, or unknown
	Limit         int    // how many a pool may have, of which one is waited for: connections, tokens; 0 unknown
	// Deadline is when the operation will end by itself, on the program's clock; 0: never; -1: unknown.
	Deadline int64
	// Across are all goroutines that can reach one of the ends of a connection both of whose ends this program has, and nobody else, by the program's memory; nil: it is
	// no such connection, or others could use it, or it is unknown.
	Across []int64
	// Pipe is the pipe for which the process on the other side waits, or that is waited for; nil: it waits for none of this program's, or it is unknown.
	Pipe *Pipe
}

// A Pipe is a pipe between the program and a process that waits for it.
type Pipe struct {
	Process string // that waits: "pid 4711 (name)"
	Write   bool   // it writes, and the pipe is full; otherwise it reads, and the pipe is empty
	FD      int    // the program's end, which no other process has
	// Users are all goroutines that can reach the file that FD is, by the program's memory. Nil: unknown, or others could use it, too.
	Users []int64
}
