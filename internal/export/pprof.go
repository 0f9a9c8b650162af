package export

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/google/pprof/profile"

	"github.com/awaittrace/awaittrace/internal/report"
)

// Pprof writes a profile with a sample for each group of goroutines that do the same at the same place. Its values are
// the number of goroutines, the sum of their waits, and the bytes that a finding keeps alive, on its first sample. Its
// labels are the verdict, the finding's kind and certainty, the object, its holder, and the program's own labels.
func Pprof(w io.Writer, doc *report.Document, opt Options) error {
	b := &profiler{
		index: newIndex(doc), funcs: map[[2]string]*profile.Function{}, sites: map[siteKey]*profile.Location{},
		samples: map[string]*profile.Sample{}, of: map[int64]*report.Finding{},
		p: &profile.Profile{
			SampleType: []*profile.ValueType{
				{Type: "goroutines", Unit: "count"}, {Type: "wait", Unit: "nanoseconds"}, {Type: "kept", Unit: "bytes"},
			},
			DefaultSampleType: "goroutines",
			TimeNanos:         doc.Process.Taken,
			PeriodType:        &profile.ValueType{Type: "goroutines", Unit: "count"},
			Period:            1,
		},
	}
	for i := range doc.Findings {
		for _, id := range doc.Findings[i].Goroutines {
			if b.of[id] == nil {
				b.of[id] = &doc.Findings[i]
			}
		}
	}
	for i := range doc.Goroutines {
		b.add(&doc.Goroutines[i])
	}
	if err := b.p.CheckValid(); err != nil {
		return fmt.Errorf("the profile is not valid: %w", err)
	}
	return b.p.Write(w)
}

type siteKey struct {
	fn, file string
	line     int
}

type profiler struct {
	index
	p       *profile.Profile
	funcs   map[[2]string]*profile.Function
	sites   map[siteKey]*profile.Location
	samples map[string]*profile.Sample
	of      map[int64]*report.Finding
}

// add adds a goroutine to the sample of its group.
func (b *profiler) add(g *report.Goroutine) {
	stack, labels := stackOf(g), b.labels(g)
	if len(stack) == 0 {
		return
	}
	var key strings.Builder
	for _, f := range stack {
		fmt.Fprintf(&key, "%s\x00%s\x00%d\x00", f.Func, f.File, f.Line)
	}
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		fmt.Fprintf(&key, "\x01%s\x00%s", k, labels[k][0])
	}
	s := b.samples[key.String()]
	if s == nil {
		s = &profile.Sample{Value: make([]int64, 3), Label: labels}
		for _, f := range stack {
			s.Location = append(s.Location, b.location(f))
		}
		b.samples[key.String()] = s
		b.p.Sample = append(b.p.Sample, s)
	}
	s.Value[0]++
	if g.Phase == "waiting" && g.SinceNS != nil {
		s.Value[1] += *g.SinceNS
	}
	if f := b.of[g.ID]; f != nil && b.lead(f) == g {
		s.Value[2] += int64(f.KeptBytes)
	}
}

// stackOf returns the stack of a goroutine, innermost first. A goroutine without a stack has one frame: its last probe,
// or the place where it was started.
func stackOf(g *report.Goroutine) []report.Frame {
	switch {
	case len(g.Stack) > 0:
		return g.Stack
	case g.Probe != nil:
		return []report.Frame{{Func: g.Probe.Func, File: g.Probe.File, Line: g.Probe.Line}}
	case g.CreatedBy != nil:
		return []report.Frame{{Func: g.CreatedBy.Func, File: g.CreatedBy.File, Line: g.CreatedBy.Line}}
	}
	return []report.Frame{{Func: "(unknown)"}}
}

func (b *profiler) labels(g *report.Goroutine) map[string][]string {
	labels := map[string][]string{"verdict": {g.Verdict}}
	if f := b.of[g.ID]; f != nil {
		labels["kind"], labels["certainty"] = []string{f.Kind}, []string{f.Certainty}
	}
	for k, v := range g.Labels {
		if labels[k] == nil {
			labels[k] = []string{v}
		}
	}
	if o := g.WaitsOn; o != nil && len(o.Cases) == 0 {
		labels["object"] = []string{objectName(o)}
		if len(o.Holders) > 0 {
			labels["holder"] = []string{fmt.Sprintf("goroutine %d", o.Holders[0].Goroutine)}
		}
	}
	return labels
}

func (b *profiler) location(f report.Frame) *profile.Location {
	key := siteKey{f.Func, f.File, f.Line}
	if l := b.sites[key]; l != nil {
		return l
	}
	fn := b.funcs[[2]string{f.Func, f.File}]
	if fn == nil {
		fn = &profile.Function{ID: uint64(len(b.p.Function) + 1), Name: f.Func, SystemName: f.Func, Filename: f.File}
		b.funcs[[2]string{f.Func, f.File}] = fn
		b.p.Function = append(b.p.Function, fn)
	}
	l := &profile.Location{ID: uint64(len(b.p.Location) + 1), Line: []profile.Line{{Function: fn, Line: int64(f.Line)}}}
	b.sites[key] = l
	b.p.Location = append(b.p.Location, l)
	return l
}
