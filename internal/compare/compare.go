// Package compare says what has changed between two reports: which findings are new, gone, grown or only older, and
// at which places there are more goroutines than before.
//
// Goroutines have other ids in another run, and other lines of a finding's text move with every wait. So a finding is
// recognised by its kind and by where its first goroutine is, and goroutines by where they are. Both ends may be the
// same program at two times, or two runs, or two builds of which the source between has moved: what has moved is then
// gone at one line and new at another.
package compare

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
)

// Schema names the version of the JSON. Fields may be added to it; none changes its meaning.
const Schema = "awaittrace.diff/1"

// The changes.
const (
	New    = "new"
	Gone   = "gone"
	Grown  = "grown"  // more goroutines than before
	Shrunk = "shrunk" // fewer
	Older  = "older"  // as many as before, which have waited for longer
	Same   = "same"
)

// A Diff lists the changes between two reports. Schema names its JSON.
type Diff struct {
	Schema string `json:"schema"`
	Old    Side   `json:"old"`
	New    Side   `json:"new"`
	// BetweenNS is how long after the old report the new one was made, in nanoseconds; absent if either has no time.
	BetweenNS *int64    `json:"between_ns,omitempty"`
	Findings  []Finding `json:"findings"`
	Places    []Place   `json:"places"`
}

// A Side is one of the reports.
type Side struct {
	Process    report.Process `json:"process"`
	Goroutines int            `json:"goroutines"`
	Stuck      int            `json:"stuck"`
}

// A Finding is a finding of either report.
type Finding struct {
	Change    string `json:"change"`
	Kind      string `json:"kind"`
	Certainty string `json:"certainty"`
	File      string `json:"file,omitempty"`
	Line      int    `json:"line,omitempty"`
	Title     string `json:"title"` // of the new report, or else of the old one
	Old       *Size  `json:"old,omitempty"`
	New       *Size  `json:"new,omitempty"`
}

// A Size is the size of a finding, or of the goroutines at a place.
type Size struct {
	Goroutines int    `json:"goroutines"`
	OldestNS   int64  `json:"oldest_ns,omitempty"` // the longest wait
	KeptBytes  uint64 `json:"kept_bytes,omitempty"`
}

// A Place is a place at which there are more or fewer goroutines than before.
type Place struct {
	Change string `json:"change"` // new, gone, grown or shrunk
	Func   string `json:"func,omitempty"`
	File   string `json:"file,omitempty"`
	Line   int    `json:"line,omitempty"`
	What   string `json:"what,omitempty"` // the operation, or the state
	Old    int    `json:"old"`
	New    int    `json:"new"`
}

// Worse reports whether d has a new or grown finding that is certain or likely.
func (d *Diff) Worse() bool {
	return slices.ContainsFunc(d.Findings, func(f Finding) bool {
		return (f.Change == New || f.Change == Grown) && f.Certainty != "possible"
	})
}

// Documents compares two reports.
func Documents(from, to *report.Document) *Diff {
	d := &Diff{Schema: Schema, Old: side(from), New: side(to), Findings: []Finding{}, Places: []Place{}}
	if from.Process.Taken != 0 && to.Process.Taken != 0 {
		ns := to.Process.Taken - from.Process.Taken
		d.BetweenNS = &ns
	}
	before, after := findings(from), findings(to)
	for key, f := range after {
		d.Findings = append(d.Findings, finding(before[key], f))
	}
	for key, f := range before {
		if after[key] == nil {
			d.Findings = append(d.Findings, finding(f, nil))
		}
	}
	slices.SortFunc(d.Findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(order(a.Change), order(b.Change)), cmp.Compare(b.size(), a.size()),
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Title, b.Title))
	})
	d.Places = places(from, to)
	return d
}

func side(doc *report.Document) Side {
	c := doc.Counts
	return Side{Process: doc.Process, Goroutines: c.Goroutines, Stuck: c.Deadlock + c.Orphaned + c.Leaked + c.Stuck + c.Busy}
}

// order returns the position of a change in the output.
func order(change string) int {
	return slices.Index([]string{New, Grown, Older, Shrunk, Same, Gone}, change)
}

// size returns the number of goroutines that f has, or had.
func (f *Finding) size() int {
	if f.New != nil {
		return f.New.Goroutines
	}
	return f.Old.Goroutines
}

// A found is a finding of a report with its place and size.
type found struct {
	f    *report.Finding
	file string
	line int
	size Size
}

// findings returns the findings of doc.
func findings(doc *report.Document) map[diagnose.Key]*found {
	at := make(map[int64]*report.Goroutine, len(doc.Goroutines))
	for i := range doc.Goroutines {
		at[doc.Goroutines[i].ID] = &doc.Goroutines[i]
	}
	set := make(map[diagnose.Key]*found)
	for i := range doc.Findings {
		f := &doc.Findings[i]
		e := &found{f: f, size: Size{Goroutines: len(f.Goroutines), KeptBytes: f.KeptBytes}}
		for _, id := range f.Goroutines {
			g := at[id]
			if g == nil {
				continue
			}
			if g.SinceNS != nil {
				e.size.OldestNS = max(e.size.OldestNS, *g.SinceNS)
			}
		}
		switch lead := f.Lead(func(id int64) *report.Goroutine { return at[id] }); {
		case lead != nil:
			p := spot(lead)
			e.file, e.line = p.File, p.Line
		case len(f.Places) > 0:
			e.file, e.line = f.Places[0].File, f.Places[0].Line
		}
		set[diagnose.Numbered(set, diagnose.Key{Kind: diagnose.Kind(f.Kind), File: e.file, Line: e.line})] = e
	}
	return set
}

// finding returns how a finding has changed; either side may be nil, not both.
func finding(before, after *found) Finding {
	shown := after
	if after == nil {
		shown = before
	}
	f := Finding{Kind: shown.f.Kind, Certainty: shown.f.Certainty, File: shown.file, Line: shown.line, Title: shown.f.Title}
	if before != nil {
		f.Old = &before.size
	}
	if after != nil {
		f.New = &after.size
	}
	switch {
	case before == nil:
		f.Change = New
	case after == nil:
		f.Change = Gone
	case after.size.Goroutines > before.size.Goroutines:
		f.Change = Grown
	case after.size.Goroutines < before.size.Goroutines:
		f.Change = Shrunk
	case after.size.OldestNS > before.size.OldestNS:
		f.Change = Older
	default:
		f.Change = Same
	}
	return f
}

// spot returns where a goroutine is and what it does there. Of one that has reached no probe it is the innermost
// function of its stack.
func spot(g *report.Goroutine) Place {
	switch {
	case g.Probe != nil:
		return Place{Func: g.Probe.Func, File: g.Probe.File, Line: g.Probe.Line, What: g.Probe.Expr}
	case len(g.Stack) > 0:
		f := g.Stack[0]
		return Place{Func: f.Func, File: f.File, Line: f.Line, What: cmp.Or(g.Reason, g.State)}
	case g.CreatedBy != nil:
		return Place{Func: g.CreatedBy.Func, File: g.CreatedBy.File, Line: g.CreatedBy.Line, What: "started here"}
	}
	return Place{What: g.State}
}

// isRecord reports whether doc comes from a record alone, which knows only the goroutines that have reached a probe.
func isRecord(doc *report.Document) bool {
	return len(doc.Goroutines) > 0 && !slices.ContainsFunc(doc.Goroutines, func(g report.Goroutine) bool { return g.Probe == nil || len(g.Stack) > 0 })
}

// places returns the places with more or fewer goroutines than before, the largest growth first.
func places(from, to *report.Document) []Place {
	counts := make(map[Place]*Place)
	probed := isRecord(from) || isRecord(to)
	count := func(doc *report.Document, add func(*Place)) {
		for i := range doc.Goroutines {
			if probed && doc.Goroutines[i].Probe == nil {
				continue
			}
			s := spot(&doc.Goroutines[i])
			if counts[s] == nil {
				p := s
				counts[s] = &p
			}
			add(counts[s])
		}
	}
	count(from, func(p *Place) { p.Old++ })
	count(to, func(p *Place) { p.New++ })
	list := []Place{}
	for _, p := range counts {
		switch {
		case p.Old == p.New:
			continue
		case p.Old == 0:
			p.Change = New
		case p.New == 0:
			p.Change = Gone
		case p.New > p.Old:
			p.Change = Grown
		default:
			p.Change = Shrunk
		}
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b Place) int {
		return cmp.Or(cmp.Compare(b.New-b.Old, a.New-a.Old), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.What, b.What))
	})
	return list
}

// Since returns how much later the new report is, such as "40s later", or "" if that is unknown.
func (d *Diff) Since(format func(time.Duration) string) string {
	if d.BetweenNS == nil {
		return ""
	}
	if *d.BetweenNS < 0 {
		return format(time.Duration(-*d.BetweenNS)) + " earlier"
	}
	return fmt.Sprint(format(time.Duration(*d.BetweenNS)), " later")
}
