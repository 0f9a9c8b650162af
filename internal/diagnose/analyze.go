package diagnose

import (
	"cmp"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// Analyze returns the diagnosis of s, and does not change s. If s contradicts itself, the report is about a copy
// without the parts that do not fit (Report.Snapshot), and findings that depend on those parts are less certain.
func Analyze(s *snapshot.Snapshot, opt Options) *Report {
	if opt.After <= 0 {
		opt.After = DefaultAfter
	}
	s, contradictions := reconcile(s)
	n := len(s.Goroutines)
	f := newFacts(s, opt)
	d := &finder{facts: f, graph: newGraph(f), doubt: contradictions, verdict: make([]Verdict, n),
		claimed: make([]bool, n), links: make(map[int]link), first: make(map[int]int), resting: make(map[int64]int64),
		kin: make(map[familyKey][]kinPlace)}
	d.run()
	t := &writer{facts: f, graph: d.graph, verdict: d.verdict, next: d.linkOf}
	r := &Report{Snapshot: s, Options: opt, Verdicts: d.verdict, Counts: make(map[Verdict]int), Circling: d.circling,
		Resting: d.resting, facts: f}
	for _, c := range d.causes {
		r.Findings = append(r.Findings, t.finding(c))
	}
	r.Findings = append(r.Findings, t.lockOrders()...)
	for _, v := range d.verdict {
		r.Counts[v]++
	}
	slices.SortStableFunc(r.Findings, worse)
	return r
}

// worse orders findings by kind, then by certainty, then by the memory that they keep alive, then by size.
func worse(a, b Finding) int {
	return cmp.Or(
		slices.Index(kindOrder, a.Kind)-slices.Index(kindOrder, b.Kind),
		slices.Index(certaintyOrder, a.Certainty)-slices.Index(certaintyOrder, b.Certainty),
		cmp.Compare(b.KeptBytes, a.KeptBytes),
		len(b.Goroutines)-len(a.Goroutines),
		slices.Compare(a.Goroutines, b.Goroutines),
	)
}
