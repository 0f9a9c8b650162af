package diagnose

import (
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A Verdict says how a goroutine is doing. Its text is that of JSON.
type Verdict string

// The verdicts.
const (
	Deadlock Verdict = "deadlock" // on a cycle of waits, or waits for one that is
	Orphaned Verdict = "orphaned" // waits for a lock whose holder has exited
	Leaked   Verdict = "leaked"   // nothing can ever wake it
	Stuck    Verdict = "stuck"    // has waited for too long, and not for new work
	Busy     Verdict = "busy"     // computes, and has reached no probe for too long
	Idle     Verdict = "idle"     // waits, which is normal however long it takes
	OK       Verdict = "ok"
)

// Verdicts returns all verdicts, worst first. The slice is the caller's.
func Verdicts() []Verdict { return []Verdict{Deadlock, Orphaned, Leaked, Stuck, Busy, Idle, OK} }

// Bad reports whether a goroutine with this verdict is one that a finding is about.
func (v Verdict) Bad() bool { return v != OK && v != Idle }

// A Kind is a kind of finding. Its text is that of JSON.
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
	KindDeadlock, KindOrphanedLock, KindMissingDone, KindLeak, KindGrowth, KindExhaustedPool, KindUnreadPeer, KindNoAnswer,
	KindLockAcrossWait, KindBusy, KindFullChannel, KindStuck, KindLockOrder,
}

// Kinds returns the kinds of finding, worst first.
func Kinds() []Kind { return slices.Clone(kindOrder) }

// A Proof says what proves that a leak is one. Its text is that of JSON.
type Proof string

// The proofs.
const (
	ProofReachability Proof = "reachability" // the program's memory: nothing that goes on can reach what the goroutines wait for
	ProofLeakProfile  Proof = "leakprofile"  // the marks of Go's own goroutineleak profile
)

// A Growth is what is known of goroutines that become more and more.
type Growth struct {
	Count          int
	PerSecond      float64
	Oldest, Newest time.Duration // ages
}

// A Rate is how fast a goroutine goes round in a loop.
type Rate struct {
	PerSecond float64 // rounds
	CPU       float64 // processors that it keeps busy: 0.98; 0 unknown
}

// A Usual is how long waits at the same place are as a rule.
type Usual struct{ Median, Max time.Duration }

// A Certainty says how sure a finding is. Its text is that of JSON.
type Certainty string

// The certainties: facts that the record holds leave no other explanation; the usual explanation; one of several.
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
	// Goroutines has the root first, if it is one that the cause keeps waiting, and then the others: those that explain each
	// other in that order, and the rest by ID.
	Goroutines []int64
	// Root is the goroutine that everything else waits for, 0 if there is none or it has exited.
	Root int64
	// Places are where locks were taken, of KindLockOrder, whose goroutines have gone on. The first leads.
	Places []*snapshot.Probe
	// Title is one line; Why one line for each step, with file:line; Fix one line, or empty.
	Title string
	Why   []string
	Fix   string

	Proof     Proof   // of a leak or deadlock that is proven; empty: it is not
	KeptBytes uint64  // heap and stacks that only the goroutines keep alive; 0 unknown
	Growth    *Growth // of KindGrowth
	Rate      *Rate   // of KindBusy, where the program was looked at twice
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
	// Circling are goroutines that seem to go round in a loop that gets nowhere. Only further looks (Goroutine.Loop) tell whether they do nothing else.
	Circling []int64
	// Resting are the waits on which findings rest that are more than possible, or were before Options.Left: when each began, by goroutine.
	Resting map[int64]int64

	facts *facts
}

// Holders returns who holds the object at addr, or held it when they exited; of an Once, who runs its function. Of more than limit
// it returns the first, and how many there are besides. The slice is the caller's.
func (r *Report) Holders(addr uint64, limit int) (held []snapshot.Hold, more int) {
	holders, orphans := r.facts.holders[addr], r.facts.orphans[addr]
	for _, h := range holders[:min(limit, len(holders))] {
		if h.hold != nil {
			held = append(held, *h.hold)
		} else {
			held = append(held, snapshot.Hold{Goroutine: r.Snapshot.Goroutines[h.g].ID, Obj: addr, Probe: h.wait.Probe, Since: h.wait.Since})
		}
	}
	for _, h := range orphans[:min(limit-len(held), len(orphans))] {
		held = append(held, *h)
	}
	return held, len(holders) + len(orphans) - len(held)
}

// Doubtful reports whether f is a possibility only, which does not count: its goroutines are as if it were not there. Of a program whose end nobody saw
// possibilities are all there is, and they count, unless it may have ended by itself.
func (r *Report) Doubtful(f *Finding) bool { return doubt(r.Snapshot, f) }

func doubt(s *snapshot.Snapshot, f *Finding) bool {
	return f.Certainty == Possible && (!s.Process.Unwatched || f.Kind == KindLockOrder || returned(s))
}

// returned reports whether the goroutine of func main was in no operation when the program ended, so that it may have ended by itself.
func returned(s *snapshot.Snapshot) bool {
	i, ok := s.Find(1)
	return ok && len(s.Goroutines[i].Waits) == 0
}

// Bad returns the number of goroutines that something is wrong with.
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
	// After is how long a wait is before it is called stuck; zero means DefaultAfter.
	After time.Duration
	// Scope, if it is not nil, says which goroutines the diagnosis is about: those outside of it are taken to go on, but what a goroutine in it
	// waits for is not expected of them, unless they have used it. With it the goroutines that a test has left behind are not
	// taken for waiting for something that other tests do. A finding of goroutines that wait at the same place has either those in it or
	// the others.
	Scope func(goroutine int64) bool
	// Blocked, if it is not nil, says of a goroutine in no operation with a probe that it waits for others of the program.
	Blocked func(goroutine int64) bool
	// Left says of goroutines that they have left their wait since the snapshot was read: what rests on it is only possible.
	Left map[int64]bool
	// OnlyLocks says that nothing counts but what is certain of locks: deadlocks, and locks whose holder has exited. It takes a part of the time. The verdict on goroutines
	// that these do not concern is then unknown, and the snapshot need not have them. Where the program's memory has proven something, the diagnosis is the whole one.
	OnlyLocks bool
	// Path turns the path of a source file into the form that titles and steps show; nil leaves it as it is.
	Path func(string) string
}

// DefaultAfter is Options.After where nobody says otherwise.
const DefaultAfter = 10 * time.Second
