package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A crowd is the goroutines of one verdict that are at the same place.
type crowd struct {
	place string // what they do, and where
	own   bool   // in the user's own code
	ids   []int64
	ends  string        // who could end the wait of the first
	least time.Duration // since they reached it
	most  time.Duration
}

// others lists the goroutines that are well, by verdict and place: own code before library code, and the larger crowds
// first.
func (t *text) others() {
	if t.s.NoProbes != "" {
		t.line("")
		t.listCrowds(t.crowds(diagnose.OK, diagnose.Idle)) // without times these two look the same
		return
	}
	for _, p := range healthy {
		if crowds := t.crowds(p.verdict); len(crowds) > 0 {
			t.line("")
			t.line("%s", t.paint(bold, fmt.Sprintf("%d %s:", t.r.Counts[p.verdict], p.words)))
			t.listCrowds(crowds)
		}
	}
}

// crowdWidth bounds the width of the column of places: a longer place shifts only its own line.
const crowdWidth = 100

// listCrowds writes a line for each crowd, with its columns aligned.
func (t *text) listCrowds(crowds []*crowd) {
	places, spans := 0, 0
	for _, c := range crowds {
		if n := utf8.RuneCountInString(c.place); n <= crowdWidth {
			places = max(places, n)
		}
		spans = max(spans, len(c.span()))
	}
	for _, c := range crowds {
		line := fmt.Sprintf("    %4d  %-*s  ", len(c.ids), places, c.place)
		if spans > 0 {
			line += fmt.Sprintf("%-*s  ", spans, c.span())
		}
		noun := "goroutines"
		if len(c.ids) == 1 {
			noun = "goroutine"
		}
		t.line("%s[%s %s]", line, noun, t.list(c.ids))
		if c.ends != "" {
			t.line("          %s", c.ends)
		}
	}
}

// span returns since when the goroutines of a crowd are there, or "".
func (c *crowd) span() string {
	lo, hi := diagnose.Duration(c.least), diagnose.Duration(c.most)
	switch {
	case c.most == 0:
		return ""
	case lo == hi:
		return hi
	}
	return lo + " to " + hi
}

// crowds groups the goroutines of some verdicts.
func (t *text) crowds(verdicts ...diagnose.Verdict) []*crowd {
	at := make(map[string]*crowd)
	var crowds []*crowd
	for i := range t.s.Goroutines {
		if !slices.Contains(verdicts, t.r.Verdicts[i]) {
			continue
		}
		g := &t.s.Goroutines[i]
		place, own := t.place(g)
		c := at[place]
		if c == nil {
			c = &crowd{place: place, own: own, ends: t.ends(g), least: 1 << 62}
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

// place returns what a goroutine does and where.
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
	place := fmt.Sprintf("%s %s at %s:%d (%s)", doing, p.Expr, t.path(p.File), p.Line, diagnose.ShortFunc(p.Func))
	return place, diagnose.Own(p.Func, p.File)
}

// unprobed returns where a goroutine is that has reached no probe.
func (t *text) unprobed(g *snapshot.Goroutine) (string, bool) {
	state := g.State
	if g.Reason != "" {
		state += " (" + g.Reason + ")"
	}
	reached := ", no probe reached"
	if t.s.NoProbes != "" {
		reached = on(g)
	}
	if f := diagnose.OwnFrame(g.Stack); f != nil {
		return fmt.Sprintf("%s%s, at %s:%d (%s)", state, reached, t.path(f.File), f.Line, diagnose.ShortFunc(f.Func)),
			true
	}
	if c := g.CreatedBy; c != nil && c.Func != "" {
		return fmt.Sprintf("%s%s, started by %s at %s:%d", state, reached, diagnose.ShortFunc(c.Func), t.path(c.File),
			c.Line), false
	}
	return state + reached, false
}

// on returns what a goroutine waits on, without the object's address: "on chan int main.jobs".
func on(g *snapshot.Goroutine) string {
	if g.Blocked == nil {
		return ""
	}
	var parts []string
	for _, target := range g.Blocked.On {
		what := strings.TrimSpace(cmp.Or(target.Type, target.Kind.String()) + " " + target.Name)
		if what != "" && !slices.Contains(parts, what) {
			parts = append(parts, what)
		}
	}
	const room = 4
	if n := len(parts) - room; n > 0 {
		parts = append(parts[:room], fmt.Sprintf("%d more", n))
	}
	if len(parts) == 0 {
		return ""
	}
	return " on " + strings.Join(parts, ", ")
}

// ends returns who could end the wait of g, as far as the program's memory says.
func (t *text) ends(g *snapshot.Goroutine) string {
	if g.Reach == nil || g.Reach.Answer != snapshot.Live || len(g.Reach.CouldEnd) == 0 {
		return ""
	}
	var parts []string
	for _, w := range g.Reach.CouldEnd[:min(t.room(2), len(g.Reach.CouldEnd))] {
		parts = append(parts, t.waker(&w))
	}
	if n := len(g.Reach.CouldEnd) - len(parts) + g.Reach.More; n > 0 {
		parts = append(parts, fmt.Sprintf("%d more", n))
	}
	return "could be ended by " + strings.Join(parts, ", or ")
}

// waker names what could end a wait.
func (t *text) waker(w *snapshot.Waker) string {
	s := string(w.Kind)
	switch {
	case w.Kind == snapshot.WakerGoroutine:
		s = fmt.Sprintf("goroutine %d", w.Goroutine)
	case len(w.Path) > 0 && w.Kind == snapshot.WakerGlobal:
		return strings.Join(w.Path, " → ")
	case w.Name != "":
		s += " " + w.Name
	}
	if w.File != "" {
		s += fmt.Sprintf(" at %s:%d", t.path(w.File), w.Line)
	}
	return s
}
