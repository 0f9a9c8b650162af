package record

import (
	"go/ast"
	"go/parser"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// readObjects reads the table of objects, adds the objects that only goroutines know of, and voids the holds of locks
// that somebody else has unlocked since.
func (r *reader) readObjects() error {
	table, err := r.table(uint64(r.h.ObjOff)*pageSize, uint64(r.h.ObjCap)*runtime.ObjSize)
	if err != nil {
		return err
	}
	for ; len(table) >= runtime.ObjSize; table = table[runtime.ObjSize:] {
		if load[uint64](table) != 0 {
			r.object(load[runtime.Object](table))
		}
	}
	n := &namer{snap: r.snap, newest: make(map[uint64]int64), cases: make(map[*snapshot.Probe][]string)}
	for _, o := range r.snap.Objects {
		for _, f := range []*snapshot.Fact{o.Made, o.Sent, o.Received, o.Closed} {
			if f != nil {
				n.use(o.Addr, f.Probe, f.At)
			}
		}
	}
	for i := range r.snap.Goroutines {
		n.goroutine(&r.snap.Goroutines[i])
	}
	for i := range r.snap.Orphans {
		n.use(r.snap.Orphans[i].Obj, r.snap.Orphans[i].Probe, r.snap.Orphans[i].Since)
	}
	for i := range r.snap.Goroutines {
		for j := range r.snap.Goroutines[i].Waits {
			n.contexts(&r.snap.Goroutines[i].Waits[j])
		}
	}
	r.voidHolds()
	return nil
}

// object adds an entry of the table to the snapshot.
func (r *reader) object(e runtime.Object) {
	number := e.Kind &^ runtime.ObjOfProgram
	kind := runtime.Kind(number)
	if number > 0xff || kind.String() == "" {
		r.drop(DroppedDamaged, 1)
		return
	}
	o := &snapshot.Object{
		Addr: e.Addr, Kind: kind, Len: -1, Cap: -1, Count: -1,
		OfProgram: e.Kind != number,
		Made:      r.fact(e.Made), Sent: r.fact(e.Sent), Received: r.fact(e.Received), Closed: r.fact(e.Closed),
	}
	if kind == runtime.KindChan {
		o.Cap = int(e.Cap)
	}
	r.snap.Objects[e.Addr] = o
}

// fact returns a fact of the record, or nil if nobody did it. Its goroutine has certainly exited when no slot is that goroutine's,
// unless there are goroutines without a slot.
func (r *reader) fact(f runtime.Fact) *snapshot.Fact {
	p := r.site(f.Site)
	if p == nil {
		return nil
	}
	id, found := r.ids[f.Goid]
	if !found {
		id = int64(f.Goid)
	}
	return &snapshot.Fact{Goroutine: id, Probe: p, At: r.time(f.Time), Exited: !found && r.h.DroppedGoroutines == 0 && r.snap.Dropped[DroppedPrivate] == 0}
}

// voidHolds removes the holds of locks that a goroutine that did not hold them has unlocked since: in Go a lock may be
// taken by one goroutine and released by another.
func (r *reader) voidHolds() {
	void := func(h snapshot.Hold) bool {
		o := r.snap.Objects[h.Obj]
		return o != nil && o.Kind != runtime.KindChan && o.Received != nil && h.Since <= o.Received.At
	}
	for i := range r.snap.Goroutines {
		g := &r.snap.Goroutines[i]
		g.Holds = slices.DeleteFunc(g.Holds, void)
	}
	r.snap.Orphans = slices.DeleteFunc(r.snap.Orphans, void)
}

// A namer gives objects the name that the source calls them by.
type namer struct {
	snap   *snapshot.Snapshot
	newest map[uint64]int64 // when the probe that gave the present name was reached
	names  map[*snapshot.Probe]string
	cases  map[*snapshot.Probe][]string // of selects: by case
}

func (n *namer) goroutine(g *snapshot.Goroutine) {
	for i := range g.Waits {
		w := &g.Waits[i]
		if w.Obj != 0 {
			o := n.use(w.Obj, w.Probe, w.Since)
			if o.Cap < 0 {
				o.Cap = w.Cap
			}
		}
		n.selectCases(w)
	}
	for i := range g.Holds {
		n.use(g.Holds[i].Obj, g.Holds[i].Probe, g.Holds[i].Since)
	}
}

// selectCases names the channels of a select. A name that another operation gave comes first: a select may have gone on with other channels
// than its text tells, but it is the text that a reader knows.
func (n *namer) selectCases(w *snapshot.Wait) {
	for i, c := range w.Cases {
		if o := n.object(c.Obj, runtime.KindChan); o != nil && o.Expr == "" {
			o.Expr = n.caseName(w, i)
		}
	}
}

// caseName returns what the text of the select that w is in calls the channel of case i, or "".
func (n *namer) caseName(w *snapshot.Wait, i int) string {
	names, ok := n.cases[w.Probe]
	if !ok {
		names = caseNames(w)
		n.cases[w.Probe] = names
	}
	if i >= len(names) {
		return ""
	}
	return names[i]
}

// contexts forgets what is on record of the channels of contexts that w receives from. Package context makes and closes those without probes: it is
// of older channels, which had the same address.
func (n *namer) contexts(w *snapshot.Wait) {
	if w.Probe == nil {
		return
	}
	forget := func(addr uint64, name string) {
		o := n.snap.Objects[addr]
		if o == nil || !contextName(name) || o.Made != nil && strings.HasPrefix(o.Made.Probe.Func, "context.") {
			return
		}
		o.Made, o.Sent, o.Received, o.Closed = nil, nil, nil, nil
		o.Expr, o.Cap = name, min(o.Cap, 0)
	}
	if w.Probe.Op == runtime.OpRecv || w.Probe.Op == runtime.OpRange {
		forget(w.Obj, objectName(w.Probe))
	}
	for i, c := range w.Cases {
		if !c.Send {
			forget(c.Obj, n.caseName(w, i))
		}
	}
}

// contextName reports whether the source calls the channel of a context that: ctx.Done(), t.Context().Done().
func contextName(expr string) bool {
	expr = strings.ToLower(expr)
	return strings.HasSuffix(expr, "ctx.done()") || strings.HasSuffix(expr, "context().done()")
}

// caseNames returns what the text of a select, "select { case <-a; case b <- v }", calls its channels. Of a text that was cut off the last case
// is not sure.
func caseNames(w *snapshot.Wait) []string {
	text, ok := strings.CutPrefix(w.Probe.Expr, "select { case ")
	if !ok {
		return nil
	}
	text, whole := strings.CutSuffix(text, " }")
	parts := strings.Split(strings.TrimSuffix(text, "; default"), "; case ")
	if !whole {
		parts = parts[:len(parts)-1]
	}
	if len(parts) > len(w.Cases) {
		parts = parts[:len(w.Cases)]
	}
	for i, part := range parts {
		p := snapshot.Probe{Op: runtime.OpRecv, Expr: part}
		if w.Cases[i].Send {
			p.Op = runtime.OpSend
		}
		parts[i] = objectName(&p)
	}
	return parts
}

// object returns the object at addr, which is of kind if it was not known; nil for the address 0.
func (n *namer) object(addr uint64, kind runtime.Kind) *snapshot.Object {
	if addr == 0 {
		return nil
	}
	o := n.snap.Objects[addr]
	if o == nil {
		o = &snapshot.Object{Addr: addr, Kind: kind, Len: -1, Cap: -1, Count: -1}
		n.snap.Objects[addr] = o
	}
	return o
}

// use notes that the object at addr was used at p.
func (n *namer) use(addr uint64, p *snapshot.Probe, at int64) *snapshot.Object {
	o := n.object(addr, p.Kind)
	if last, ok := n.newest[addr]; ok && at < last || p.Op == runtime.OpSelect {
		return o
	} else if ok && at == last && o.Expr != "" {
		return o
	}
	name, ok := n.names[p]
	if !ok {
		if name = objectName(p); n.names == nil {
			n.names = make(map[*snapshot.Probe]string)
		}
		n.names[p] = name
	}
	if name != "" {
		o.Expr, n.newest[addr] = name, at
	}
	return o
}

// objectName returns what the expression of a probe calls the object that the probe is on, or "" if it has no name there:
//
//	ch <- v     ch        mu.Lock()            mu
//	v := <-ch   ch        conn.Read(b)         conn
//	close(ch)   ch        for v := range ch    ch
func objectName(p *snapshot.Probe) string {
	expr := p.Expr
	switch p.Op {
	case runtime.OpMake, runtime.OpSelect:
		return ""
	case runtime.OpSend:
		ch, _, ok := strings.Cut(expr, "<-")
		if !ok {
			return ""
		}
		return strings.TrimSpace(ch)
	case runtime.OpRecv:
		if i := strings.Index(expr, "<-"); i >= 0 {
			expr = expr[i+2:]
		}
		return name(strings.TrimSpace(expr))
	case runtime.OpRange:
		if _, ch, ok := strings.Cut(expr, "range "); ok {
			expr = ch
		}
		return name(strings.TrimSpace(strings.TrimSuffix(expr, "{")))
	}
	return receiver(strings.TrimPrefix(strings.TrimPrefix(expr, "defer "), "go "))
}

// name returns expr if it is a whole expression, without the parentheses around it.
func name(expr string) string {
	x, err := parser.ParseExpr(expr)
	if err != nil {
		return ""
	}
	return text(expr, x)
}

// receiver returns x of the call x.Method(…) or of the method value x.Method, and the argument of close(x).
func receiver(expr string) string {
	x, err := parser.ParseExpr(expr)
	if err != nil {
		// The expression was cut off at 80 bytes: what stands before the arguments is still good.
		i := strings.LastIndex(expr, "(")
		if i < 0 {
			return ""
		}
		if x, err = parser.ParseExpr(expr[:i]); err != nil {
			return ""
		}
	}
	if call, ok := x.(*ast.CallExpr); ok {
		if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "close" && len(call.Args) == 1 {
			return text(expr, call.Args[0])
		}
		x = call.Fun
	}
	if sel, ok := x.(*ast.SelectorExpr); ok {
		return text(expr, sel.X)
	}
	return ""
}

// text returns the source of x, which was parsed from expr.
func text(expr string, x ast.Expr) string {
	for {
		p, ok := x.(*ast.ParenExpr)
		if !ok {
			break
		}
		x = p.X
	}
	lo, hi := int(x.Pos())-1, int(x.End())-1
	if lo < 0 || hi > len(expr) || lo > hi {
		return ""
	}
	return expr[lo:hi]
}
