package record

import (
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
		if addr := load[uint64](table); addr != 0 && addr != runtime.ObjBusy {
			r.object(load[runtime.Object](table))
		}
	}
	n := &namer{snap: r.snap, newest: make(map[uint64]int64)}
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
			o.Expr = w.Probe.Object(i)
		}
	}
}

// contexts forgets what is on record of the channels of contexts that w receives from. Package context makes and closes those without probes: it is
// of older channels, which had the same address.
func (n *namer) contexts(w *snapshot.Wait) {
	if w.Probe == nil {
		return
	}
	forget := func(addr uint64, i int) {
		o := n.snap.Objects[addr]
		if o == nil || w.Probe.Role(i) != runtime.RoleDone || o.Made != nil && strings.HasPrefix(o.Made.Probe.Func, "context.") {
			return
		}
		o.Made, o.Sent, o.Received, o.Closed = nil, nil, nil, nil
		o.Expr, o.Cap = w.Probe.Object(i), min(o.Cap, 0)
	}
	if w.Probe.Op == runtime.OpRecv || w.Probe.Op == runtime.OpRange {
		forget(w.Obj, 0)
	}
	for i, c := range w.Cases {
		if !c.Send {
			forget(c.Obj, i)
		}
	}
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
	if p.Obj != "" {
		o.Expr, n.newest[addr] = p.Obj, at
	}
	return o
}
