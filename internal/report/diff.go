package report

import (
	"cmp"
	"slices"

	"github.com/awaittrace/awaittrace/internal/diagnose"
)

// diffSchema names the version of the JSON. Fields may be added to it; none changes its meaning.
const diffSchema = "awaittrace.diff/1"

// The changes.
const (
	isNew    = "new"
	isGone   = "gone"
	isGrown  = "grown"  // more goroutines than before
	isShrunk = "shrunk" // fewer
	isOlder  = "older"  // as many as before, which have waited for longer
	isSame   = "same"
)

// A Diff lists the changes between two reports: which findings are new, gone, grown or only older, and at which places
// there are more goroutines than before. Schema names its JSON.
//
// Goroutines have other ids in another run, and other lines of a finding's text move with every wait. So a finding is
// recognised by its kind and by where its first goroutine is, and goroutines by where they are. Both ends may be the
// same program at two times, or two runs, or two builds with source edited between: what has moved is then gone at one
// line and new at another.
type Diff struct {
	Schema string `json:"schema"`
	Old    Side   `json:"old"`
	New    Side   `json:"new"`
	// BetweenNS is how long after the old report the new one was made, in nanoseconds; absent if either has no time.
	BetweenNS *int64          `json:"between_ns,omitempty"`
	Findings  []FindingChange `json:"findings"`
	Places    []PlaceChange   `json:"places"`
}

// A Side is one of the reports.
type Side struct {
	Process    Process `json:"process"`
	Goroutines int     `json:"goroutines"`
	Stuck      int     `json:"stuck"`
}

// A FindingChange is a finding of either report.
type FindingChange struct {
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

// A PlaceChange is a place at which there are more or fewer goroutines than before.
type PlaceChange struct {
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
	return slices.ContainsFunc(d.Findings, func(f FindingChange) bool {
		return (f.Change == isNew || f.Change == isGrown) && f.Certainty != "possible"
	})
}

// Compare returns the changes between two reports.
func Compare(from, to *Document) *Diff {
	d := &Diff{Schema: diffSchema, Old: side(from), New: side(to), Findings: []FindingChange{}, Places: []PlaceChange{}}
	if from.Process.Taken != 0 && to.Process.Taken != 0 {
		ns := to.Process.Taken - from.Process.Taken
		d.BetweenNS = &ns
	}
	before, after := foundIn(from), foundIn(to)
	for key, f := range after {
		d.Findings = append(d.Findings, changed(before[key], f))
	}
	for key, f := range before {
		if after[key] == nil {
			d.Findings = append(d.Findings, changed(f, nil))
		}
	}
	slices.SortFunc(d.Findings, func(a, b FindingChange) int {
		return cmp.Or(
			cmp.Compare(order(a.Change), order(b.Change)), cmp.Compare(b.size(), a.size()),
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Title, b.Title))
	})
	d.Places = movedPlaces(from, to)
	return d
}

func side(doc *Document) Side {
	c := doc.Counts
	return Side{Process: doc.Process, Goroutines: c.Goroutines,
		Stuck: c.Deadlock + c.Orphaned + c.Leaked + c.Stuck + c.Busy}
}

// order returns the position of a change in the output.
func order(change string) int {
	return slices.Index([]string{isNew, isGrown, isOlder, isShrunk, isSame, isGone}, change)
}

// size returns the number of goroutines that f has, or had.
func (f *FindingChange) size() int {
	if f.New != nil {
		return f.New.Goroutines
	}
	return f.Old.Goroutines
}

// A found is a finding of a report with its place and size.
type found struct {
	f    *Finding
	file string
	line int
	size Size
}

// foundIn returns the findings of doc.
func foundIn(doc *Document) map[diagnose.Key]*found {
	at := make(map[int64]*Goroutine, len(doc.Goroutines))
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
		switch lead := f.Lead(func(id int64) *Goroutine { return at[id] }); {
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

// changed returns how a finding has changed; either side may be nil, not both.
func changed(before, after *found) FindingChange {
	shown := after
	if after == nil {
		shown = before
	}
	f := FindingChange{Kind: shown.f.Kind, Certainty: shown.f.Certainty, File: shown.file, Line: shown.line,
		Title: shown.f.Title}
	if before != nil {
		f.Old = &before.size
	}
	if after != nil {
		f.New = &after.size
	}
	switch {
	case before == nil:
		f.Change = isNew
	case after == nil:
		f.Change = isGone
	case after.size.Goroutines > before.size.Goroutines:
		f.Change = isGrown
	case after.size.Goroutines < before.size.Goroutines:
		f.Change = isShrunk
	case after.size.OldestNS > before.size.OldestNS:
		f.Change = isOlder
	default:
		f.Change = isSame
	}
	return f
}

// spot returns where a goroutine is and what it does there. If it has reached no probe, that is the innermost function
// of its stack.
func spot(g *Goroutine) PlaceChange {
	switch {
	case g.Probe != nil:
		return PlaceChange{Func: g.Probe.Func, File: g.Probe.File, Line: g.Probe.Line, What: g.Probe.Expr}
	case len(g.Stack) > 0:
		f := g.Stack[0]
		return PlaceChange{Func: f.Func, File: f.File, Line: f.Line, What: cmp.Or(g.Reason, g.State)}
	case g.CreatedBy != nil:
		return PlaceChange{Func: g.CreatedBy.Func, File: g.CreatedBy.File, Line: g.CreatedBy.Line, What: "started here"}
	}
	return PlaceChange{What: g.State}
}

// isRecord reports whether doc comes from a record alone, which knows only the goroutines that have reached a probe.
func isRecord(doc *Document) bool {
	return len(doc.Goroutines) > 0 &&
		!slices.ContainsFunc(doc.Goroutines, func(g Goroutine) bool { return g.Probe == nil || len(g.Stack) > 0 })
}

// movedPlaces returns the places with more or fewer goroutines than before, the largest growth first.
func movedPlaces(from, to *Document) []PlaceChange {
	counts := make(map[PlaceChange]*PlaceChange)
	probed := isRecord(from) || isRecord(to)
	count := func(doc *Document, add func(*PlaceChange)) {
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
	count(from, func(p *PlaceChange) { p.Old++ })
	count(to, func(p *PlaceChange) { p.New++ })
	list := []PlaceChange{}
	for _, p := range counts {
		switch {
		case p.Old == p.New:
			continue
		case p.Old == 0:
			p.Change = isNew
		case p.New == 0:
			p.Change = isGone
		case p.New > p.Old:
			p.Change = isGrown
		default:
			p.Change = isShrunk
		}
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b PlaceChange) int {
		return cmp.Or(cmp.Compare(b.New-b.Old, a.New-a.Old), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.What, b.What))
	})
	return list
}
