package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A Waits sums up how long goroutines have waited at one place since the program began.
type Waits struct {
	Probe  *snapshot.Probe
	Waited snapshot.Waited
	// Now is the number of goroutines that wait there now, and Longest for how long the first of them does.
	Now     int
	Longest time.Duration
}

// Sites returns the places at which goroutines of s wait or have waited, the largest sum of waits first. A call that
// waits in a function with probes counts at both places.
func Sites(s *snapshot.Snapshot) []Waits {
	at := make(map[*snapshot.Probe]*Waits)
	var places snapshot.Places
	of := func(p *snapshot.Probe) *Waits {
		p = places.First(p)
		if at[p] == nil {
			at[p] = &Waits{Probe: p}
		}
		return at[p]
	}
	for p, w := range s.Waited {
		of(p).Waited.Add(w)
	}
	for i := range s.Goroutines {
		for _, w := range s.Goroutines[i].Waits {
			if w.Probe.Op == runtime.OpSleep || w.Probe.Op == runtime.OpOnce || w.Since == 0 {
				continue
			}
			site := of(w.Probe)
			site.Now++
			site.Longest = max(site.Longest, time.Duration(s.Taken-w.Since))
		}
	}
	list := make([]Waits, 0, len(at))
	for _, w := range at {
		list = append(list, *w)
	}
	slices.SortFunc(list, func(a, b Waits) int {
		return cmp.Or(
			cmp.Compare(b.Waited.Sum, a.Waited.Sum), cmp.Compare(b.Longest, a.Longest),
			snapshot.ComparePlaces(a.Probe, b.Probe), cmp.Compare(a.Probe.Expr, b.Probe.Expr),
		)
	})
	return list
}

// mostSites bounds the lines of TextSites.
const mostSites = 30

// TextSites writes the places of r at which goroutines waited longest to w, or all places if all is set.
func TextSites(w io.Writer, r *diagnose.Report, all bool) error {
	out := SafeWriter(w)
	list := Sites(r.Snapshot)
	total := time.Duration(0)
	for i := range list {
		total += list[i].Waited.Sum
	}
	_, err := fmt.Fprintf(out, "%s: waited for %s in all, at %s\n",
		SafeLine(Program(r)), diagnose.Duration(total), places(len(list)))
	if err != nil || len(list) == 0 {
		return err
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "total\t%%\twaits\tmedian\tmax\tnow\tlongest\t  where\n")
	shown := list
	if !all {
		shown = list[:min(len(list), mostSites)]
	}
	for i := range shown {
		s := &shown[i]
		row := []string{"0s", "0", "0", "-", "-", fmt.Sprint(s.Now), "-"}
		if n := s.Waited.Count(); n > 0 {
			row[0], row[1] = diagnose.Duration(s.Waited.Sum),
				fmt.Sprintf("%.1f", 100*float64(s.Waited.Sum)/float64(total))
			row[2], row[3], row[4] = fmt.Sprint(n), diagnose.UpTo(&s.Waited), diagnose.Duration(s.Waited.Max)
		}
		if s.Now > 0 {
			row[6] = diagnose.Duration(s.Longest)
		}
		for _, cell := range row {
			fmt.Fprint(t, cell, "\t")
		}
		fmt.Fprintln(t, "  "+SafeLine(r.Place(s.Probe)+": "+s.Probe.Expr))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if n := len(list) - len(shown); n > 0 {
		_, err := fmt.Fprintf(out, "and %d more; -all lists them\n", n)
		return err
	}
	return nil
}

func places(n int) string {
	if n == 1 {
		return "1 place"
	}
	return fmt.Sprintf("%d places", n)
}

// AddSites adds the waits by place to d, the document of r.
func (d *Document) AddSites(r *diagnose.Report) {
	d.Sites = []SiteWaits{}
	for _, s := range Sites(r.Snapshot) {
		j := SiteWaits{
			Probe: probe(s.Probe), Count: s.Waited.Count(), TotalNS: int64(s.Waited.Sum),
			Waiting: s.Now, LongestNS: int64(s.Longest),
		}
		if j.Count > 0 {
			j.MedianNS, j.MaxNS = int64(s.Waited.Median()), int64(s.Waited.Max)
		}
		d.Sites = append(d.Sites, j)
	}
}
