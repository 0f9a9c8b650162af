package export

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/awaittrace/awaittrace/internal/report"
)

// The page has the goroutines by group, since a program may have a hundred thousand of them, and everything that is
// known of as many as there is room for.
const (
	detailBytes = 120 << 10 // of the details, as JSON
	sourceLines = 3         // before and after a site
	maxSources  = 100
)

// A page is what the HTML page shows. Its fields are the page's own: they are no format for others to read.
type page struct {
	Program  string                    `json:"program"`
	Process  report.Process            `json:"process"`
	Kept     uint64                    `json:"kept,omitempty"`
	Complete bool                      `json:"complete"`
	Dropped  map[string]int            `json:"dropped,omitempty"`
	Note     string                    `json:"note,omitempty"`
	Counts   report.Counts             `json:"counts"`
	Findings []pageFinding             `json:"findings"`
	Graph    *graph                    `json:"graph"`
	Groups   []*pageGroup              `json:"groups"`
	Details  map[int64]json.RawMessage `json:"details"`
	Sources  map[string]pageSource     `json:"sources,omitempty"`
	Labels   []string                  `json:"labels,omitempty"` // keys of labels
}

// A pageFinding is a finding whose goroutines are ranges: "7,10-99".
type pageFinding struct {
	report.Finding
	Goroutines string `json:"goroutines"`
	Count      int    `json:"count"`
	Lead       int64  `json:"lead,omitempty"`
	At         string `json:"at,omitempty"` // place of the lead
}

// A pageGroup is goroutines that do the same at the same place with the same verdict.
type pageGroup struct {
	Verdict string            `json:"verdict"`
	State   string            `json:"state"`
	Kind    string            `json:"kind,omitempty"` // of the finding
	What    string            `json:"what"`
	Func    string            `json:"func,omitempty"`
	At      string            `json:"at,omitempty"`
	Count   int               `json:"count"`
	Least   int64             `json:"least,omitempty"`
	Most    int64             `json:"most,omitempty"`
	IDs     string            `json:"ids"`
	First   int64             `json:"first"`
	Labels  map[string]string `json:"labels,omitempty"`
	ids     []int64
}

// A pageSource is the text around a line.
type pageSource struct {
	First int      `json:"first"`
	Lines []string `json:"lines"`
}

func newPage(doc *report.Document, opt Options) *page {
	x := newIndex(doc)
	p := &page{
		Program: program(doc), Process: doc.Process, Kept: doc.KeptBytes, Complete: doc.Complete, Dropped: doc.Dropped,
		Note:   doc.Note,
		Counts: doc.Counts, Findings: []pageFinding{}, Graph: buildGraph(doc, opt),
		Details: map[int64]json.RawMessage{}, Sources: map[string]pageSource{},
	}
	kinds := make(map[int64]string)
	for i := range doc.Findings {
		f := &doc.Findings[i]
		pf := pageFinding{Finding: *f, Goroutines: ranges(f.Goroutines), Count: len(f.Goroutines)}
		told := make(map[string]bool)
		pf.Title = report.Labelled(f.Title, told, x.labels)
		pf.Why = slices.Clone(f.Why)
		for i, line := range pf.Why {
			pf.Why[i] = report.Labelled(line, told, x.labels)
		}
		if lead := x.lead(f); lead != nil {
			pf.Lead = lead.ID
		}
		if s := x.site(f); s.file != "" {
			pf.At = opt.shown(s)
		}
		p.Findings = append(p.Findings, pf)
		for _, id := range f.Goroutines {
			if kinds[id] == "" {
				kinds[id] = f.Kind
			}
		}
	}
	for i := range p.Graph.Nodes {
		n := &p.Graph.Nodes[i]
		n.Goroutines = n.Goroutines[:min(len(n.Goroutines), 8)]
	}
	p.Groups = groups(doc, kinds, opt)
	p.addLabels(doc)
	p.addDetails(x)
	p.addSources(x, opt)
	return p
}

// shown returns a site as the page shows it.
func (opt Options) shown(s site) string { return site{opt.relative(s.file), s.line}.String() }

// maxRanges bounds the text of a list of goroutines, in bytes.
const maxRanges = 1 << 10

// ranges returns ids as "7,10-99". A list that is too long ends with "…".
func ranges(ids []int64) string {
	ids = slices.Sorted(slices.Values(ids))
	var b strings.Builder
	for i := 0; i < len(ids); {
		j := i
		for j+1 < len(ids) && ids[j+1] == ids[j]+1 {
			j++
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		if b.Len() > maxRanges {
			return b.String() + "…"
		}
		b.WriteString(strconv.FormatInt(ids[i], 10))
		if j > i {
			fmt.Fprintf(&b, "-%d", ids[j])
		}
		i = j + 1
	}
	return b.String()
}

type groupKey struct{ verdict, state, kind, what, fn, at, labels string }

// groups puts the goroutines of doc into groups, those in trouble first, and then the larger ones.
func groups(doc *report.Document, kinds map[int64]string, opt Options) []*pageGroup {
	of := make(map[groupKey]*pageGroup)
	list := []*pageGroup{}
	for i := range doc.Goroutines {
		g := &doc.Goroutines[i]
		s := place(g)
		what, _, _ := strings.Cut(opt.does(g), "\n")
		key := groupKey{verdict: g.Verdict, state: g.State, kind: kinds[g.ID], what: what, labels: labelText(g.Labels)}
		if s.file != "" {
			key.at = opt.shown(s)
		}
		if g.Probe != nil {
			key.fn = g.Probe.Func
		} else if len(g.Stack) > 0 {
			key.fn = g.Stack[0].Func
		}
		pg := of[key]
		if pg == nil {
			pg = &pageGroup{
				Verdict: key.verdict, State: key.state, Kind: key.kind, What: what, Func: key.fn, At: key.at,
				First: g.ID, Labels: g.Labels, Least: 1<<63 - 1,
			}
			of[key] = pg
			list = append(list, pg)
		}
		pg.Count++
		pg.ids = append(pg.ids, g.ID)
		since := int64(0)
		if g.SinceNS != nil {
			since = *g.SinceNS
		}
		pg.Least, pg.Most = min(pg.Least, since), max(pg.Most, since)
	}
	for _, pg := range list {
		pg.IDs = ranges(pg.ids)
	}
	slices.SortStableFunc(list, func(a, b *pageGroup) int {
		return cmp.Or(cmp.Compare(rank(a.Verdict), rank(b.Verdict)), cmp.Compare(b.Count, a.Count))
	})
	return list
}

// verdicts has the verdicts, worst first.
var verdicts = []string{"deadlock", "orphaned", "leaked", "stuck", "busy", "ok", "idle", "unknown"}

func rank(verdict string) int {
	if i := slices.Index(verdicts, verdict); i >= 0 {
		return i
	}
	return len(verdicts)
}

func labelText(labels map[string]string) string {
	if len(labels) == 0 {
		return ""
	}
	b, _ := json.Marshal(labels) // keys are sorted; strings always marshal
	return string(b)
}

// addLabels lists the keys of labels that goroutines have.
func (p *page) addLabels(doc *report.Document) {
	seen := make(map[string]bool)
	for i := range doc.Goroutines {
		for k := range doc.Goroutines[i].Labels {
			if !seen[k] {
				seen[k] = true
				p.Labels = append(p.Labels, k)
			}
		}
	}
	slices.Sort(p.Labels)
}

// addDetails adds what is known of the goroutines that lead a finding, then of those in findings, and then of one of
// each group, as long as there is room.
func (p *page) addDetails(x index) {
	var order []int64
	for i := range p.Findings {
		order = append(order, p.Findings[i].Lead)
	}
	const perFinding = 8
	for i := range x.doc.Findings {
		ids := x.doc.Findings[i].Goroutines
		order = append(order, ids[:min(len(ids), perFinding)]...)
	}
	for _, g := range p.Groups {
		order = append(order, g.First)
	}
	room := detailBytes
	for _, id := range order {
		g := x.at[id]
		if g == nil || p.Details[id] != nil {
			continue
		}
		short := *g
		short.Stack = short.Stack[:min(len(short.Stack), 48)]
		b, err := json.Marshal(&short)
		if err != nil || len(b) > room {
			continue
		}
		room -= len(b)
		p.Details[id] = b
	}
}

// addSources adds the source around the places of the findings' first goroutines, and of the locks that they hold.
func (p *page) addSources(x index, opt Options) {
	if opt.Source == nil {
		return
	}
	files := make(map[string][][]byte)
	add := func(s site) {
		key := opt.shown(s)
		if s.line <= 0 || len(p.Sources) >= maxSources || p.Sources[key].Lines != nil {
			return
		}
		lines, ok := files[s.file]
		if !ok {
			if text, err := opt.Source(s.file); err == nil {
				lines = bytes.Split(text, []byte("\n"))
			}
			files[s.file] = lines
		}
		if s.line > len(lines) {
			return
		}
		first := max(s.line-sourceLines, 1)
		src := pageSource{First: first}
		for _, l := range lines[first-1 : min(s.line+sourceLines, len(lines))] {
			src.Lines = append(src.Lines, strings.ToValidUTF8(string(l[:min(len(l), 200)]), "\uFFFD"))
		}
		p.Sources[key] = src
	}
	for i := range p.Findings {
		for _, id := range x.doc.Findings[i].Goroutines[:min(p.Findings[i].Count, 4)] {
			g := x.at[id]
			add(place(g))
			if g == nil {
				continue
			}
			for _, h := range g.Holds {
				add(site{h.Probe.File, h.Probe.Line})
			}
		}
		add(x.site(&x.doc.Findings[i]))
	}
}
