package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A crowd is the goroutines of one verdict that are at the same place.
type crowd struct {
	place string // what they do, and where
	own   bool   // in the user's own code
	ids   []int64
	least time.Duration // since they reached it
	most  time.Duration
}

// others lists the goroutines with which nothing is wrong, by verdict and place: own code before library code, and the larger crowds first.
func (t *text) others() {
	if t.s.NoProbes != "" {
		t.line("")
		t.list(t.crowds(diagnose.OK)) // what else could they be
		return
	}
	for _, p := range healthy {
		if crowds := t.crowds(p.verdict); len(crowds) > 0 {
			t.line("")
			t.line("%s", t.paint(bold, fmt.Sprintf("%d %s:", t.r.Counts[p.verdict], p.words)))
			t.list(crowds)
		}
	}
}

func (t *text) list(crowds []*crowd) {
	for _, c := range crowds {
		t.line("    %4d  %s  %s", len(c.ids), c.place, c.who())
	}
}

// who says since when the goroutines of a crowd are there, and which they are.
func (c *crowd) who() string {
	ids := "goroutine " + list(c.ids)
	if len(c.ids) > 1 {
		ids = "goroutines " + list(c.ids)
	}
	lo, hi := diagnose.Duration(c.least), diagnose.Duration(c.most)
	switch {
	case c.most == 0:
		return "[" + ids + "]"
	case lo == hi:
		return fmt.Sprintf("%s  [%s]", hi, ids)
	}
	return fmt.Sprintf("%s to %s  [%s]", lo, hi, ids)
}

// crowds groups the goroutines of a verdict.
func (t *text) crowds(v diagnose.Verdict) []*crowd {
	at := make(map[string]*crowd)
	var crowds []*crowd
	for i := range t.s.Goroutines {
		if t.r.Verdicts[i] != v {
			continue
		}
		g := &t.s.Goroutines[i]
		place, own := t.place(g)
		c := at[place]
		if c == nil {
			c = &crowd{place: place, own: own, least: 1 << 62}
			at[place] = c
			crowds = append(crowds, c)
		}
		c.ids = append(c.ids, g.ID)
		d := time.Duration(0)
		switch {
		case g.LastAt != 0:
			d = time.Duration(ago(t.s, g.LastAt))
		case g.Blocked != nil && g.Blocked.Since != 0:
			d = time.Duration(ago(t.s, g.Blocked.Since))
		}
		c.least, c.most = min(c.least, d), max(c.most, d)
	}
	slices.SortStableFunc(crowds, func(a, b *crowd) int {
		switch {
		case a.own != b.own && a.own:
			return -1
		case a.own != b.own:
			return 1
		}
		return cmp.Compare(len(b.ids), len(a.ids))
	})
	return crowds
}

// place says what a goroutine does and where.
func (t *text) place(g *snapshot.Goroutine) (string, bool) {
	p := g.Last
	if p == nil {
		return t.unprobed(g)
	}
	doing := "passed"
	if len(g.Waits) > 0 {
		doing = "in"
	}
	if len(g.Waits) > 0 && p.Op != runtime.OpIO {
		doing = "waiting in"
	}
	return fmt.Sprintf("%s %s at %s:%d (%s)", doing, p.Expr, t.path(p.File), p.Line, diagnose.ShortFunc(p.Func)), diagnose.Own(p.Func, p.File)
}

// unprobed says where a goroutine is that has reached no probe.
func (t *text) unprobed(g *snapshot.Goroutine) (string, bool) {
	state := g.State
	if g.Reason != "" {
		state += " (" + g.Reason + ")"
	}
	reached := ", no probe reached"
	if t.s.NoProbes != "" {
		reached = ""
	}
	if f := diagnose.OwnFrame(g.Stack); f != nil {
		return fmt.Sprintf("%s%s, at %s:%d (%s)", state, reached, t.path(f.File), f.Line, diagnose.ShortFunc(f.Func)), true
	}
	if c := g.CreatedBy; c != nil && c.Func != "" {
		return fmt.Sprintf("%s%s, started by %s at %s:%d", state, reached, diagnose.ShortFunc(c.Func), t.path(c.File), c.Line), false
	}
	return state + reached, false
}
