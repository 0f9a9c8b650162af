package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// maxLines bounds the lists of one goroutine or object: holders, waiters, cases.
const maxLines = 16

// TextGoroutine writes what is known of goroutine id to w: last probe, object waited for, locks held, and history.
func TextGoroutine(w io.Writer, r *diagnose.Report, id int64) error {
	i, ok := r.Find(id)
	if !ok {
		return fmt.Errorf("no goroutine %d; probes lists them", id)
	}
	t := newText(w, r, TextOptions{})
	g := &t.s.Goroutines[i]
	t.line("%s  [%s]", r.Step(i), r.Verdicts[i])
	t.labels(g)
	for _, s := range r.Started(i) {
		t.line("    %s", s)
	}
	if g.Last == nil {
		t.line("    it has reached no probe")
	}
	if len(g.Waits) > 0 {
		t.waits(&g.Waits[0])
	}
	for _, h := range g.Holds {
		t.line("    holds %s for %s, taken at %s", r.Object(h.Obj, h.Probe), r.Ago(h.Since), r.Place(h.Probe))
	}
	if len(g.History) > 0 {
		t.line("    history, newest first:")
	}
	for _, h := range g.History {
		t.line("        %6s ago  %s  at %s", r.Ago(h.At), h.Probe.Expr, r.Place(h.Probe))
	}
	return t.Flush()
}

// TextStack writes the stack of goroutine id to w, if it is known.
func TextStack(w io.Writer, r *diagnose.Report, id int64) error {
	i, ok := r.Find(id)
	if !ok || len(r.Snapshot.Goroutines[i].Stack) == 0 {
		return nil
	}
	t := newText(w, r, TextOptions{})
	t.line("    stack:")
	for _, f := range r.Snapshot.Goroutines[i].Stack {
		t.line("        %s  at %s", f.Func, r.Position(f.File, f.Line))
	}
	return t.Flush()
}

// waits writes the object, or the cases of a select, that a goroutine waits on.
func (t *text) waits(w *snapshot.Wait) {
	if w.Obj != 0 {
		t.line("    waits on %s", t.named(w.Obj, w.Probe))
		t.object(w.Obj, "        ")
	}
	t.system(w.IO, "    ")
	for _, c := range w.Cases[:min(maxLines, len(w.Cases))] {
		what := "receive from"
		if c.Send {
			what = "send to"
		}
		if c.Obj == 0 {
			t.line("    case: %s a nil channel", what)
			continue
		}
		t.line("    case: %s %s", what, t.named(c.Obj, w.Probe))
		t.object(c.Obj, "        ")
	}
	if n := max(len(w.Cases)-maxLines, 0) + w.More; n > 0 {
		t.line("    and %d more cases", n)
	}
}

// named returns an object's name with its address, to tell objects of one name apart.
func (t *text) named(addr uint64, p *snapshot.Probe) string {
	name := t.r.Object(addr, p)
	if a := fmt.Sprintf("%#x", addr); !strings.HasSuffix(name, a) {
		name += " (" + a + ")"
	}
	return name
}

// object writes who holds the object at addr and what was done with it, indented.
func (t *text) object(addr uint64, indent string) {
	for _, l := range append(t.r.Held(addr, maxLines), t.r.Facts(addr)...) {
		t.line("%s%s", indent, t.label(l, make(map[string]bool)))
	}
	if o := t.s.Objects[addr]; o != nil {
		t.system(o.IO, indent)
	}
}

// system writes what the operating system says of an object; io may be nil.
func (t *text) system(io *snapshot.IO, indent string) {
	if io == nil {
		return
	}
	if io.Path != "" {
		t.line("%sfile %s", indent, io.Path)
	}
	if io.Local != "" || io.Remote != "" {
		t.line("%sconnection %s to %s%s", indent, io.Local, io.Remote, queued(io))
	}
}

// queued returns how many bytes of a connection the system holds.
func queued(io *snapshot.IO) string {
	s := ""
	if io.Unsent >= 0 {
		s += fmt.Sprintf(", %d bytes unsent", io.Unsent)
	}
	if io.Unread >= 0 {
		s += fmt.Sprintf(", %d bytes unread", io.Unread)
	}
	return s
}

// TextGoroutines writes a line for each goroutine to w, those in trouble first, at most limit, and how many it leaves
// out.
func TextGoroutines(w io.Writer, r *diagnose.Report, limit int) error {
	t := newText(w, r, TextOptions{})
	order := make([]int, len(t.s.Goroutines))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return severity(r.Verdicts[a]) - severity(r.Verdicts[b]) })
	shown := order[:min(limit, len(order))]
	rows := make([][]string, len(shown))
	for n, i := range shown {
		rows[n] = t.row(i)
	}
	t.table(rows)
	if n := len(order) - len(shown); n > 0 {
		t.line("and %d more; probes -n N shows N of them, stuck -all groups all", n)
	}
	return t.Flush()
}

// severity orders verdicts, the worst first.
func severity(v diagnose.Verdict) int {
	if v.Bad() {
		return 0
	}
	return 1
}

// row returns the line of goroutine i: id, verdict, what it does, for how long, the operation and its place.
func (t *text) row(i int) []string {
	g := &t.s.Goroutines[i]
	id, verdict := strconv.FormatInt(g.ID, 10), string(t.r.Verdicts[i])
	if t.s.NoProbes != "" {
		verdict = "" // which nobody knows
	}
	p := g.Last
	if p == nil {
		place, _ := t.place(g)
		return []string{id, verdict, "", "", place}
	}
	doing := "passed"
	if len(g.Waits) > 0 {
		doing = "in"
		if g.Waits[0].Probe == p && p.Op != runtime.OpIO {
			doing = "waits"
		}
	}
	return []string{id, verdict, doing, t.r.Ago(g.LastAt), p.Expr, t.r.Place(p)}
}

// table writes rows with their columns aligned, numbers to the right.
func (t *text) table(rows [][]string) {
	var width []int
	for _, row := range rows {
		for c, cell := range row[:len(row)-1] {
			if c == len(width) {
				width = append(width, 0)
			}
			width[c] = max(width[c], len([]rune(cell)))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for c, cell := range row {
			pad := ""
			if c < len(row)-1 {
				pad = strings.Repeat(" ", max(width[c]-len([]rune(cell)), 0))
			}
			if c == 0 {
				b.WriteString(pad + cell)
			} else {
				b.WriteString("  " + cell + pad)
			}
		}
		t.line("%s", strings.TrimRight(b.String(), " "))
	}
}

// TextHolders writes to w who holds the object at addr and who waits for it.
func TextHolders(w io.Writer, r *diagnose.Report, addr uint64) error {
	t := newText(w, r, TextOptions{})
	waiters := r.Waiters(addr)
	if t.s.Objects[addr] == nil && len(r.Held(addr, 1)) == 0 && len(waiters) == 0 {
		return fmt.Errorf("no goroutine holds, waits for or has lately used a lock or channel at %#x", addr)
	}
	t.line("%s", t.named(addr, t.anyProbe(addr, waiters)))
	t.object(addr, "    ")
	if lock(t.s.Objects[addr]) && len(r.Held(addr, 1)) == 0 {
		t.line("    nobody holds it")
	}
	if len(waiters) == 0 {
		t.line("    nobody waits for it")
	}
	t.steps(waiters, "    ")
	return t.Flush()
}

// lock reports whether o can be held.
func lock(o *snapshot.Object) bool {
	return o != nil && (o.Kind == runtime.KindMutex || o.Kind == runtime.KindRWMutex)
}

// anyProbe returns a probe of an operation on the object at addr, or nil.
func (t *text) anyProbe(addr uint64, waiters []int) *snapshot.Probe {
	if len(waiters) > 0 {
		return t.s.Goroutines[waiters[0]].Waits[0].Probe
	}
	if held, _ := t.r.Holders(addr, 1); len(held) > 0 {
		return held[0].Probe
	}
	return nil
}

// steps returns what each goroutine of list does, longest first, and how many it leaves out.
func (t *text) steps(list []int, indent string) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b int) int {
		return cmp.Compare(t.s.Goroutines[a].Waits[0].Since, t.s.Goroutines[b].Waits[0].Since)
	})
	for _, i := range list[:min(maxLines, len(list))] {
		t.line("%s%s", indent, t.label(t.r.Step(i), make(map[string]bool)))
	}
	if n := len(list) - maxLines; n > 0 {
		t.line("%sand %d more goroutines", indent, n)
	}
}
