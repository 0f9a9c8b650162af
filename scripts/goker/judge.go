package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// A tally is how awaittrace did in all runs of a program.
type tally struct {
	runs, struck, crashed int
	failed                int // runs that could not be looked at
	programs              int // of a sum: that ran into their bug
	stuck, told, possible int // goroutines: there were, were reported, were reported as a possibility only
	line                  int // of those, on the right line
	locks, held           int // stuck at a lock, with its holder named
	chans, met, fresh     int // stuck at a channel, with the counterpart named, or with none because nobody ever did
	wrong                 int // reported as a deadlock, and went on
	alarms                int // reported as stuck, and went on
	moved                 int // see played.moved
	kinds                 map[string]int
	misses                map[string]int // what was missed, in words, and how often
}

// judge compares what was reported with what was stuck, in the runs of a variant with awaittrace.
func judge(r *result, variant string) *tally {
	t := &tally{kinds: map[string]int{}, misses: map[string]int{}}
	for _, run := range r.runs[variant] {
		t.runs++
		switch {
		case run.err != nil:
			t.failed++
			t.misses[run.err.Error()]++
			continue
		case run.crash != "":
			t.crashed++
			t.misses["it ended early: "+run.crash]++
			continue
		}
		if len(run.stuck) > 0 {
			t.struck++
		}
		t.moved += run.moved
		for _, id := range slices.Sorted(maps.Keys(run.stuck)) {
			t.goroutine(run.report, run.stuck[id])
		}
		t.falseAlarms(run)
	}
	return t
}

// goroutine judges what awaittrace reports about one stuck goroutine.
func (t *tally) goroutine(d *document, g *goroutine) {
	t.stuck++
	f, st := d.findingOf(g.id), d.status(g.id)
	where := fmt.Sprintf("%s [%s] line %d", strings.TrimRight(strings.SplitN(g.entry, "(0x", 2)[0], "("), g.reason,
		g.line)
	switch {
	case f == nil:
		if st != nil {
			where += fmt.Sprintf(", %s for %v", st.Verdict, time.Duration(st.SinceNS).Truncate(time.Second/4))
		}
		t.misses["not reported: "+where]++
		return
	case !f.counts():
		t.possible++
		t.misses["only possible: "+where]++
	default:
		t.told++
		t.kinds[f.Kind]++
	}
	if st != nil && st.Probe != nil && st.Probe.File == g.file &&
		(st.Probe.Line == g.line || st.Probe.Op == "select" && isCase(g.file, st.Probe.Line, g.line)) {
		t.line++
	} else {
		t.misses["wrong line: "+where]++
	}
	switch {
	case g.isLock():
		t.locks++
		if st != nil && st.WaitsOn != nil && len(st.WaitsOn.Holders) > 0 {
			t.held++
		} else {
			t.misses["no holder: "+where]++
		}
	case g.isChan():
		t.chans++
		t.counterpart(st, g, where)
	}
}

// counterpart judges whether the other side of a channel was named, if there ever was one.
func (t *tally) counterpart(st *reportedStatus, g *goroutine, where string) {
	if st == nil || st.WaitsOn == nil {
		t.misses["no counterpart: "+where]++
		return
	}
	obj := &st.WaitsOn.object
	if len(st.WaitsOn.Cases) == 1 { // the compiler makes an operation of a select with one case
		obj = &st.WaitsOn.Cases[0]
	}
	other := obj.LastSend
	if g.reason == "chan send" {
		other = obj.LastRecv
	}
	switch {
	case other != nil:
		t.met++
	case obj.Made != nil || ownedByLibrary(obj.Expr): // it has been known since it was made: nobody ever did
		t.fresh++
	default:
		t.misses["no counterpart: "+where]++
	}
}

// ownedByLibrary reports whether a channel is one that only the standard library sends to or closes: nobody has another
// side of it.
func ownedByLibrary(expr string) bool {
	return strings.HasSuffix(expr, ".Done()") || strings.HasSuffix(expr, ".C")
}

// eternal are the kinds of finding that say that a wait never ends.
var eternal = map[string]bool{"deadlock": true, "orphaned-lock": true, "leak": true}

// falseAlarms counts the goroutines that a finding calls stuck and that do not wait, or, where it says that they never
// will, go on.
func (t *tally) falseAlarms(run *played) {
	for i := range run.report.Findings {
		f := &run.report.Findings[i]
		if !f.counts() {
			continue
		}
		for _, id := range f.Goroutines {
			if run.still[id] != nil || run.waiting[id] != nil && !eternal[f.Kind] {
				continue
			}
			t.alarms++
			if f.Kind == "deadlock" {
				t.wrong++
			}
			t.misses["false alarm: "+f.Kind]++
		}
	}
}

// writeMisses lists what was missed.
func writeMisses(w io.Writer, results []*result) {
	for _, variant := range []string{probed, proven} {
		for _, r := range results {
			t := judge(r, variant)
			for _, miss := range slices.Sorted(maps.Keys(t.misses)) {
				fmt.Fprintf(w, "%s: %s: %d× %s\n", variant, r.name, t.misses[miss], miss)
			}
		}
	}
}

// told returns in how many runs the bug struck and another tool reported it, and how many goroutines it left stuck and
// the tool named.
func told(r *result, v *variant) (struck, found, stuck, named int) {
	for _, run := range r.runs[v.name] {
		if len(run.stuck) == 0 {
			continue
		}
		struck++
		n := 0
		for id := range run.stuck {
			if run.told[id] {
				n++
			}
		}
		stuck += len(run.stuck)
		named += n
		if n > 0 {
			found++
		}
	}
	return struck, found, stuck, named
}
