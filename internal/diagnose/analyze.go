package diagnose

import (
	"cmp"
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// Analyze returns the diagnosis of s, which it does not change. Where s contradicts itself, the report is about a copy without what does not fit
// (Report.Snapshot), and what depends on that is less sure.
func Analyze(s *snapshot.Snapshot, opt Options) *Report {
	if opt.After <= 0 {
		opt.After = DefaultAfter
	}
	s, contradictions := reconcile(s)
	a := &analysis{
		s: s, opt: opt, doubt: contradictions,
		graph:   newGraph(s),
		first:   make(map[int]int),
		claimed: make([]bool, len(s.Goroutines)),
		verdict: make([]Verdict, len(s.Goroutines)),
	}
	for _, pass := range []func(*analysis){
		deadlocks, channelDeadlocks, orphanedLocks, judge, leaks, queues, unreadPeers, busy, fullChannels, proven, stuck, behind, doubts,
	} {
		pass(a)
	}
	r := &Report{Snapshot: s, Options: opt, Verdicts: a.verdict, Findings: a.findings, Counts: make(map[Verdict]int), graph: a.graph}
	for _, v := range a.verdict {
		r.Counts[v]++
	}
	slices.SortStableFunc(r.Findings, worse)
	return r
}

// judge gives the goroutines that no finding explains yet the verdict for what they do themselves.
func judge(a *analysis) {
	a.active = a.findActive()
	for i := range a.s.Goroutines {
		if !a.claimed[i] {
			a.verdict[i] = a.alone(i)
		}
	}
}

// worse orders findings: by kind, then the surer and the larger first.
func worse(a, b Finding) int {
	return cmp.Or(
		slices.Index(kindOrder, a.Kind)-slices.Index(kindOrder, b.Kind),
		slices.Index(certaintyOrder, a.Certainty)-slices.Index(certaintyOrder, b.Certainty),
		len(b.Goroutines)-len(a.Goroutines),
		cmp.Compare(first(a.Goroutines), first(b.Goroutines)),
	)
}

func first(ids []int64) int64 {
	if len(ids) == 0 {
		return 0
	}
	return ids[0]
}

// An analysis is one diagnosis while it is made. Goroutines are known by their index in the snapshot.
type analysis struct {
	s     *snapshot.Snapshot
	opt   Options
	doubt *doubtSet // what s contradicts itself about
	graph *graph
	back  [][]int // the reversed edges of graph; nil: not needed yet
	// families are the goroutines that a goroutine has started, by who and where; nil: not needed yet.
	families map[familyKey][]int
	// kin is who waits for whom, by families too, before queues are looked at; nil: not needed yet.
	kin *blocking
	// relations says of a channel whether the family of who made it has others than those that wait for it.
	relations map[uint64]bool
	// goingOn is how many of a family were not stuck when doubts began.
	goingOn map[familyKey]int
	// idleGroups says of a WaitGroup whether who waits for it is idle (see analysis.outlives).
	idleGroups map[uint64]bool
	// active says which goroutines go on, or will when the world outside sends them something.
	active []bool
	// events is how many goroutines are a source of events.
	events int
	// first is the goroutine at the head of those that a lock waits for, by the lock's node.
	first    map[int]int
	verdict  []Verdict
	claimed  []bool // it belongs to a finding
	findings []Finding
}

func (a *analysis) g(i int) *snapshot.Goroutine { return &a.s.Goroutines[i] }

// wait returns the operation that goroutine i is in, the innermost one, or nil.
func (a *analysis) wait(i int) *snapshot.Wait {
	if w := a.s.Goroutines[i].Waits; len(w) > 0 {
		return &w[0]
	}
	return nil
}

// waited returns for how long goroutine i has not moved.
func (a *analysis) waited(i int) time.Duration {
	g := a.g(i)
	since := g.LastAt
	if len(g.Waits) > 0 {
		since = max(since, g.Waits[0].Since)
	}
	if since == 0 {
		return 0
	}
	return time.Duration(max(a.s.Taken-since, 0))
}

// long reports whether goroutine i has not moved for longer than is normal. Of a program whose end nobody saw, every wait
// may have been that long.
func (a *analysis) long(i int) bool {
	return a.waited(i) >= a.opt.After || a.s.Process.Unwatched && a.wait(i) != nil
}

// unsure returns c, or Possible if it is not known that one of the goroutines of list has waited for too long.
func (a *analysis) unsure(c Certainty, list []int) Certainty {
	if slices.ContainsFunc(list, func(i int) bool { return a.waited(i) >= a.opt.After }) {
		return c
	}
	return Possible
}

// claim gives goroutine i a verdict and makes it part of a finding.
func (a *analysis) claim(i int, v Verdict) {
	a.verdict[i], a.claimed[i] = v, true
}

// add adds a finding. One that is only possible leaves its goroutines what they are without it: idle, or going on.
func (a *analysis) add(f Finding) {
	a.prove(&f)
	a.markDown(&f)
	a.findings = append(a.findings, f)
	if !doubt(a.s, &f) {
		return
	}
	for _, id := range f.Goroutines {
		i := a.graph.index[id]
		a.verdict[i] = OK
		if a.wait(i) != nil {
			a.verdict[i] = Idle
		}
	}
}

// unclaimed calls f for each goroutine of verdict v that no finding explains yet.
func (a *analysis) unclaimed(v Verdict, f func(i int)) {
	for i := range a.s.Goroutines {
		if a.verdict[i] == v && !a.claimed[i] {
			f(i)
		}
	}
}

// ids returns the goroutines' ids.
func (a *analysis) ids(list []int) []int64 {
	ids := make([]int64, len(list))
	for k, i := range list {
		ids[k] = a.g(i).ID
	}
	return ids
}

// oldest returns the goroutine of list that has waited longest, the first of several.
func (a *analysis) oldest(list []int) int {
	return slices.MaxFunc(list, func(i, j int) int { return cmp.Compare(a.waited(i), a.waited(j)) })
}
