package diagnose

import (
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A Verdict says how a goroutine is doing. Its text is the one in JSON.
type Verdict string

// The verdicts.
const (
	Deadlock Verdict = "deadlock" // on a cycle of waits, or waits for a goroutine that is
	Orphaned Verdict = "orphaned" // waits for a lock whose holder has exited
	Leaked   Verdict = "leaked"   // nothing can ever wake it
	Stuck    Verdict = "stuck"    // has waited for too long, and not for new work
	Busy     Verdict = "busy"     // computes, and has reached no probe for too long
	Idle     Verdict = "idle"     // waits, which is normal however long it takes
	OK       Verdict = "ok"
)

// Verdicts returns all verdicts, worst first. The slice is the caller's.
func Verdicts() []Verdict { return []Verdict{Deadlock, Orphaned, Leaked, Stuck, Busy, Idle, OK} }

// Bad reports whether findings are about goroutines with this verdict.
func (v Verdict) Bad() bool { return v != OK && v != Idle }

// A Kind is a kind of finding. Its text is the one in JSON.
type Kind string

// The kinds of finding, worst first: reports show them in this order.
const (
	KindDeadlock       Kind = "deadlock"
	KindOrphanedLock   Kind = "orphaned-lock"
	KindMissingDone    Kind = "missing-done"
	KindLeak           Kind = "leak"
	KindGrowth         Kind = "growth"
	KindExhaustedPool  Kind = "exhausted-pool"
	KindUnreadPeer     Kind = "unread-peer"
	KindNoAnswer       Kind = "no-answer"
	KindLockAcrossWait Kind = "lock-across-wait"
	KindBusy           Kind = "busy"
	KindFullChannel    Kind = "full-channel"
	KindStuck          Kind = "stuck"
	KindLockOrder      Kind = "lock-order"
)

var kindOrder = []Kind{
	KindDeadlock, KindOrphanedLock, KindMissingDone, KindLeak, KindGrowth, KindExhaustedPool, KindUnreadPeer,
	KindNoAnswer, KindLockAcrossWait, KindBusy, KindFullChannel, KindStuck, KindLockOrder,
}

// Kinds returns the kinds of finding, worst first. The slice is the caller's.
func Kinds() []Kind { return slices.Clone(kindOrder) }

// A Proof says what proves a leak or deadlock. Its text is the one in JSON.
type Proof string

// The proofs.
const (
	// The program's memory: no goroutine that goes on can reach what the goroutines wait for.
	ProofReachability Proof = "reachability"
	// The marks of Go's own goroutineleak profile.
	ProofLeakProfile Proof = "leakprofile"
)

// A Growth describes goroutines that become more and more.
type Growth struct {
	Count          int
	PerSecond      float64
	Oldest, Newest time.Duration // ages
}

// A Rate says how fast a goroutine goes round in a loop.
type Rate struct {
	PerSecond float64 // rounds
	CPU       float64 // processors that it keeps busy, such as 0.98; 0: unknown
	Kept      float64 // share of the time in which it was ready to run, and other programs had the processors
}

// A Usual says how long waits at the same place usually are.
type Usual struct{ Median, Max time.Duration }

// A Certainty says how certain a finding is. Its text is the one in JSON.
type Certainty string

// The certainties. A finding is certain if facts in the record leave no other explanation, likely if it is the usual
// explanation, and possible if it is one of several.
const (
	Certain  Certainty = "certain"
	Likely   Certainty = "likely"
	Possible Certainty = "possible"
)

var certaintyOrder = []Certainty{Certain, Likely, Possible}

// A Finding is one cause, with all goroutines that it keeps from going on.
type Finding struct {
	Kind      Kind
	Certainty Certainty
	// Goroutines has the root first, if the cause keeps it waiting. Then come the goroutines that explain each other,
	// in that order, and then the rest by ID.
	Goroutines []int64
	// Root is the goroutine that all others wait for; 0: there is none, or it has exited.
	Root int64
	// Places are where the locks of a KindLockOrder were taken, whose goroutines have gone on. The first is the main
	// one.
	Places []*snapshot.Probe
	// Title is one line. Why has one line for each step, with file:line. Fix is one line, or empty.
	Title string
	Why   []string
	Fix   string

	Proof     Proof   // of a proven leak or deadlock; otherwise empty
	KeptBytes uint64  // heap and stacks that only these goroutines keep alive; 0: unknown
	Growth    *Growth // of KindGrowth
	Rate      *Rate   // of KindBusy, if the program was looked at twice
	Usual     *Usual  // nil: unknown
}

// A Report is the diagnosis of a snapshot, to which it refers.
type Report struct {
	Snapshot *snapshot.Snapshot
	Options  Options
	// Verdicts has one element for each of Snapshot.Goroutines.
	Verdicts []Verdict
	// Findings is sorted, worst first.
	Findings []Finding
	// Counts is the number of goroutines by verdict.
	Counts map[Verdict]int
	// Circling are goroutines that seem to go round in a loop that gets nowhere. Only further looks (Goroutine.Loop)
	// show whether they do nothing else.
	Circling []int64
	// Resting has the waits on which findings rest, and when each began, by goroutine. The findings are more than
	// possible, or were before Options.Left.
	Resting map[int64]int64

	facts *facts
}

// Holders returns the holds of the object at addr, including those of goroutines that have exited. For an Once it
// returns the goroutine that runs its function. It returns at most limit holds, and the number of the others. The slice
// is the caller's.
func (r *Report) Holders(addr uint64, limit int) (held []snapshot.Hold, more int) {
	holders, orphans := r.facts.holders[addr], r.facts.orphans[addr]
	for _, h := range holders[:min(limit, len(holders))] {
		if h.hold != nil {
			held = append(held, *h.hold)
		} else {
			held = append(held, snapshot.Hold{Goroutine: r.Snapshot.Goroutines[h.g].ID, Obj: addr, Probe: h.wait.Probe,
				Since: h.wait.Since})
		}
	}
	for _, h := range orphans[:min(limit-len(held), len(orphans))] {
		held = append(held, *h)
	}
	return held, len(holders) + len(orphans) - len(held)
}

// Doubtful reports whether f is only possible, and so does not count: the verdicts of its goroutines ignore it. If
// nobody saw the program's end, all findings are only possible, and they count unless the program may have ended by
// itself.
func (r *Report) Doubtful(f *Finding) bool { return doubt(r.Snapshot, f) }

func doubt(s *snapshot.Snapshot, f *Finding) bool {
	return f.Certainty == Possible && (!s.Process.Unwatched || f.Kind == KindLockOrder || returned(s))
}

// returned reports whether the goroutine of func main was in no operation when the program ended. The program may then
// have ended by itself.
func returned(s *snapshot.Snapshot) bool {
	i, ok := s.Find(1)
	return ok && len(s.Goroutines[i].Waits) == 0
}

// Bad returns the number of goroutines with a bad verdict.
func (r *Report) Bad() int {
	n := 0
	for v, c := range r.Counts {
		if v.Bad() {
			n += c
		}
	}
	return n
}

// Options are what a diagnosis depends on besides the snapshot.
type Options struct {
	// After is how long a wait lasts before it is called stuck. Zero means DefaultAfter.
	After time.Duration
	// Scope, if not nil, reports whether the diagnosis is about a goroutine. Those outside are assumed to go on, but a
	// goroutine in scope does not expect them to end its wait unless they have used what it waits for. So goroutines
	// that a test has left behind are not taken to wait for other tests. A finding about goroutines at one place has
	// either those in scope or the others.
	Scope func(goroutine int64) bool
	// Blocked, if not nil, reports whether a goroutine in no operation with a probe waits for others of the program.
	Blocked func(goroutine int64) bool
	// Left has the goroutines that have left their wait since the snapshot was read. Findings that rest on such a wait
	// are only possible.
	Left map[int64]bool
	// OnlyLocks restricts the diagnosis to what is certain about locks, which takes less time: deadlocks, and locks
	// whose holder has exited. The verdict on other goroutines is then unknown, and the snapshot need not have them. If
	// the program's memory has proven something, the diagnosis is complete all the same.
	OnlyLocks bool
	// Path converts the path of a source file for titles and steps; nil leaves it unchanged.
	Path func(string) string
}

// DefaultAfter is the default of Options.After.
const DefaultAfter = 10 * time.Second
