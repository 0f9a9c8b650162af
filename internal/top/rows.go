package top

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
)

// A row is a finding, or the goroutines of one verdict that are at the same place.
type row struct {
	key     string // the same for the same row of later looks
	kind    string // of the finding, or the verdict
	rank    int    // the worst is 0
	text    string
	ids     []int64
	age     time.Duration // of the oldest wait
	finding *diagnose.Finding
	trend   *trend
}

// A trend counts the goroutines of a row at the last looks that saw it.
type trend struct {
	first  int // the number of the look at which the row was new
	last   int // that of the last at which it was there
	counts []int
}

// The ranks of rows.
const (
	rankCertain = iota
	rankLikely
	rankPossible
	rankSick    // groups of goroutines that something is wrong with
	rankHealthy // all others
)

// rowsOf returns the rows of a report, without trends.
func rowsOf(r *diagnose.Report) []row {
	var rows []row
	seen := make(map[string]int)
	add := func(w row) {
		w.text = report.SafeLine(w.text)
		if seen[w.key]++; seen[w.key] > 1 {
			w.key = fmt.Sprint(w.key, " ", seen[w.key])
		}
		rows = append(rows, w)
	}
	groups := report.Groups(r)
	for i := range r.Findings {
		f := &r.Findings[i]
		w := row{kind: string(f.Kind), text: f.Title, ids: f.Goroutines, finding: f, key: string(f.Kind)}
		w.rank = slices.Index([]diagnose.Certainty{diagnose.Certain, diagnose.Likely, diagnose.Possible}, f.Certainty)
		if f.Certainty != diagnose.Certain {
			w.text += " (" + string(f.Certainty) + ")"
		}
		for _, g := range groups {
			if slices.ContainsFunc(g.IDs, func(id int64) bool { return slices.Contains(f.Goroutines, id) }) {
				w.age = max(w.age, g.Oldest)
				w.key += " " + g.Place
			}
		}
		add(w)
	}
	for _, g := range groups {
		w := row{kind: string(g.Verdict), rank: rankHealthy, text: strings.TrimPrefix(g.Place, "waiting in "),
			ids: g.IDs, age: g.Oldest, key: string(g.Verdict) + "@" + g.Place}
		if g.Verdict != diagnose.Idle && g.Verdict != diagnose.OK {
			w.rank = rankSick
		}
		add(w)
	}
	return rows
}

// mostSamples is how many looks a trend goes back.
const mostSamples = 64

// A history is the trends of all rows that there have been.
type history struct {
	looks  int
	trends map[string]*trend
}

// add adds the counts of one more look.
func (h *history) add(rows []row) {
	if h.trends == nil {
		h.trends = make(map[string]*trend)
	}
	h.looks++
	for i := range rows {
		t := h.trends[rows[i].key]
		if t == nil {
			t = &trend{first: h.looks}
			h.trends[rows[i].key] = t
		}
		t.last = h.looks
		t.counts = append(t.counts, len(rows[i].ids))
		if n := len(t.counts) - mostSamples; n > 0 {
			t.counts = t.counts[n:]
		}
		rows[i].trend = t
	}
	for key, t := range h.trends {
		if h.looks-t.last > mostSamples {
			delete(h.trends, key)
		}
	}
}

// newFor is the number of looks for which a row counts as new.
const newFor = 10

// isNew reports whether the row has come within the last looks.
func (h *history) isNew(w *row) bool { return w.trend.first > 1 && h.looks-w.trend.first < newFor }

// grown returns how many goroutines the row has gained since the first count.
func (w *row) grown() int {
	if w.trend == nil {
		return 0
	}
	return w.trend.counts[len(w.trend.counts)-1] - w.trend.counts[0]
}

// sparkColumns is how wide a sparkline is.
const sparkColumns = 8

// spark draws the trend, if there is one.
func (w *row) spark() string {
	counts := w.trend.counts
	lo, hi := slices.Min(counts), slices.Max(counts)
	if lo == hi {
		return ""
	}
	bars := []rune("▁▂▃▄▅▆▇█")
	var b strings.Builder
	n := min(sparkColumns, len(counts))
	for i := range n {
		part := counts[i*len(counts)/n : (i+1)*len(counts)/n]
		b.WriteRune(bars[(slices.Max(part)-lo)*(len(bars)-1)/(hi-lo)])
	}
	return b.String()
}

// An order is a way to sort rows.
type order struct {
	name    string
	compare func(a, b *row) int
}

var orders = []order{
	{"worst first", func(a, b *row) int { return cmp.Compare(a.rank, b.rank) }},
	{"most goroutines first", func(a, b *row) int { return len(b.ids) - len(a.ids) }},
	{"oldest first", func(a, b *row) int { return cmp.Compare(b.age, a.age) }},
	{"growing first", func(a, b *row) int { return b.grown() - a.grown() }},
	{"newest first", func(a, b *row) int { return b.trend.first - a.trend.first }},
	{"by what they do", func(a, b *row) int { return strings.Compare(a.text, b.text) }},
}

// arrange returns the rows that contain the filter, sorted by o.
func arrange(rows []row, o order, filter string) []row {
	var shown []row
	for _, w := range rows {
		if strings.Contains(strings.ToLower(w.kind+" "+w.text), strings.ToLower(filter)) {
			shown = append(shown, w)
		}
	}
	slices.SortStableFunc(shown, func(a, b row) int { return o.compare(&a, &b) })
	return shown
}
