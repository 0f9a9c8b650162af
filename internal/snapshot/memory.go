package snapshot

import "github.com/awaittrace/awaittrace/runtime"

// A Memory is what package reach read from the program's memory: who waits on what, with or without probes, and who
// could still wake whom.
type Memory struct {
	// PausedNs is how long the program stood still for it, in nanoseconds; zero: unknown.
	PausedNs int64
	// NoProof says in one line why nothing is proven, and what to do; empty if proofs were looked for.
	NoProof string
	// Kept returns how many bytes of heap and stacks only the goroutines ids keep alive. It is nil if NoProof is set.
	Kept func(ids []int64) uint64
	// KeptBytes is what all proven goroutines together keep alive, in bytes.
	KeptBytes uint64
}

// Blocked is the wait of a goroutine as the program's memory shows it, with or without a probe.
type Blocked struct {
	// On lists what the goroutine waits on: one target, or the cases of a select, in source order if known.
	On []Target
	// Since is when the runtime noticed that the goroutine waits, on the clock of the snapshot; zero means unknown.
	Since int64
	// NoneCanWake means that the goroutine is blocked by definition: in select {}, or on nil channels only.
	NoneCanWake bool
}

// A Target is an object that a goroutine waits on, as the program's memory shows it.
type Target struct {
	Addr uint64 // zero: a nil channel, or unknown
	Kind runtime.Kind
	Send bool   // of a channel: the goroutine sends
	Type string // Go type, such as "chan int"; empty: unknown
	Name string // by the path from a variable, such as "main.registry.done"; empty: unknown
	// Len and Cap are the channel's; -1 means unknown.
	Len, Cap int
	// Near lists goroutines that have the address on their stack in a function that locks: likely holders of a lock. Of
	// a sync.Once it has the goroutine that runs the function, and the frame that called Do.
	Near []Near
}

// A Near is a goroutine that has the address of a lock on its stack, and the frame that has it.
type Near struct {
	Goroutine int64
	Frame     Frame
}

// An Answer says whether anything can still wake a goroutine.
type Answer string

// The answers of reachability.
const (
	Proven  Answer = "proven"  // nothing that is still reachable can ever wake it
	Live    Answer = "live"    // something could: see Reach.CouldEnd
	Unknown Answer = "unknown" // see Reach.Reason
)

// A Reach is the answer for one goroutine that waits.
type Reach struct {
	Answer Answer
	Reason string // of Unknown: why, in a few words
	// CouldEnd lists who could end the wait, by the shortest path first. For a Live goroutine they are what keeps it
	// live. For a Proven one they are other Proven goroutines, which are stuck themselves: the edges of a deadlock.
	CouldEnd []Waker
	More     int // wakers beyond those in CouldEnd
	// Cut means that the search ended early: there may be others, such as a timer.
	Cut bool
}

// A WakerKind is a kind of Waker.
type WakerKind string

// The kinds of Waker.
const (
	WakerGoroutine WakerKind = "goroutine"
	WakerTimer     WakerKind = "timer"
	WakerFinalizer WakerKind = "finalizer"
	WakerCleanup   WakerKind = "cleanup"
	WakerGlobal    WakerKind = "global"
)

// A Waker is something that could end a wait because it can reach what is waited for.
type Waker struct {
	Kind      WakerKind
	Goroutine int64  // of WakerGoroutine
	Name      string // of a global variable, timer's or finalizer's function; empty: unknown
	File      string // where the goroutine stands, or the function is; empty: unknown
	Line      int
	// from the waker to what is waited for, such as "global main.registry", "map", "*main.session.done"
	Path []string
}
