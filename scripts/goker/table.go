package main

import (
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
)

// writeTable writes the table in Markdown, and reports whether awaittrace met the goal in all programs.
func writeTable(w io.Writer, o options, results []*result) bool {
	fmt.Fprintf(w, "%s, %d programs, -runs %d -enough %d -after %v -settle %v\n\n", runtime.Version(), len(results),
		o.runs, o.enough, o.after, o.settle)
	fmt.Fprintln(w, "| program | struck | stuck | reported | line | holder | counterpart | finding | false | with "+
		"proof | "+strings.Join(others(), " | ")+" |")
	fmt.Fprintln(w, "|---|"+strings.Repeat("---|", 9+len(others())))
	var sum, sumProven tally
	met := true
	totals := make([][2]int, len(others()))
	for _, r := range results {
		t, p := judge(r, probed), judge(r, proven)
		cells := []string{r.name, of(t.struck, t.runs-t.crashed-t.failed), fmt.Sprint(t.stuck), reported(t),
			of(t.line, t.told+t.possible), of(t.held, t.locks),
			counterparts(t), kinds(t), fmt.Sprint(t.alarms), reported(p)}
		for i, name := range others() {
			struck, found, stuck, named := told(r, variantOf(name))
			totals[i][0] += min(found, 1)
			totals[i][1] += min(struck, 1)
			cells = append(cells, of(named, stuck))
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
		sum.add(t)
		sumProven.add(p)
		met = met && t.goal() && p.goal()
	}
	fmt.Fprintln(w)
	sum.write(w, probed)
	sumProven.write(w, proven)
	for i, name := range others() {
		fmt.Fprintf(w, "%s: found the bug of %d programs of the %d that ran into it\n", name, totals[i][0],
			totals[i][1])
	}
	return met
}

// goal reports whether every stuck goroutine was reported, in the right place and with the goroutine on the other side,
// and nothing else.
func (t *tally) goal() bool {
	return t.failed == 0 && t.told+t.possible == t.stuck && t.line == t.stuck && t.held == t.locks &&
		t.met+t.fresh == t.chans && t.alarms == 0
}

// write writes a sum over programs.
func (t *tally) write(w io.Writer, variant string) {
	fmt.Fprintf(w, "%s: %d programs ran into their bug, in %d runs, and left %d goroutines stuck; reported %d, and "+
		"%d more as possible; on the right line %d; "+
		"locks with their holder %d of %d; channels with the counterpart that they had %d of %d; false alarms %d, of "+
		"which deadlocks %d; in one place each time and yet going on %d\n",
		variant, t.programs, t.struck, t.stuck, t.told, t.possible, t.line, t.held, t.locks, t.met+t.fresh, t.chans,
		t.alarms, t.wrong, t.moved)
}

// add adds t to a sum over programs.
func (sum *tally) add(t *tally) {
	sum.programs += min(t.struck, 1)
	sum.struck += t.struck
	sum.stuck, sum.told, sum.possible, sum.line = sum.stuck+t.stuck, sum.told+t.told, sum.possible+t.possible,
		sum.line+t.line
	sum.locks, sum.held, sum.chans, sum.met, sum.fresh = sum.locks+t.locks, sum.held+t.held, sum.chans+t.chans,
		sum.met+t.met, sum.fresh+t.fresh
	sum.alarms, sum.wrong, sum.moved = sum.alarms+t.alarms, sum.wrong+t.wrong, sum.moved+t.moved
}

// of returns "n of m", or a dash if there is nothing to be counted.
func of(n, m int) string {
	switch {
	case m == 0:
		return "–"
	case n == m:
		return fmt.Sprintf("all %d", m)
	}
	return fmt.Sprintf("%d of %d", n, m)
}

func reported(t *tally) string {
	s := of(t.told, t.stuck)
	if t.possible > 0 {
		s += fmt.Sprintf(" (+%d possible)", t.possible)
	}
	return s
}

func counterparts(t *tally) string {
	s := of(t.met+t.fresh, t.chans)
	if t.fresh > 0 {
		s += fmt.Sprintf(" (%d had none)", t.fresh)
	}
	return s
}

func kinds(t *tally) string { return strings.Join(slices.Sorted(maps.Keys(t.kinds)), ", ") }

// others are the names of the variants beside awaittrace.
func others() []string {
	var names []string
	for _, v := range variants {
		if v.told != nil {
			names = append(names, v.name)
		}
	}
	return names
}

func variantOf(name string) *variant {
	return &variants[slices.IndexFunc(variants, func(v variant) bool { return v.name == name })]
}
