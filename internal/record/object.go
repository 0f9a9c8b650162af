package record

import (
	"cmp"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// readObjects reads the table of objects, adds the objects that only goroutines name, and drops holds of locks that
// another goroutine has unlocked since.
func (r *reader) readObjects() error {
	used := r.usedObjects()
	// Most are no longer in use, so they are allocated in few pieces.
	var objects slab[snapshot.Object]
	var list []*snapshot.Object
	add := func(e runtime.Object) {
		if r.part != partWhole && !used[e.Addr] && r.past(&e) {
			return
		}
		if o, ok := r.object(e); ok {
			list = append(list, objects.put(o))
		}
	}
	if err := r.eachObject(func(entry []byte) {
		e := load[runtime.Object](entry)
		if g := r.groups[e.Addr]; g != nil {
			delete(r.groups, e.Addr)
			e = newer(e, *g)
		}
		add(e)
	}); err != nil {
		return err
	}
	for _, g := range r.groups {
		add(*g)
	}
	r.snap.Objects = make(map[uint64]*snapshot.Object, len(list))
	for _, o := range list {
		r.snap.Objects[o.Addr] = o
	}
	n := &namer{snap: r.snap, newest: make(map[uint64]int64)}
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
	r.voidSends()
	return nil
}

// noted adds the facts of WaitGroups that a slot has to r.groups.
func (r *reader) noted(slot *runtime.Slot) {
	for i, n := range slot.Noted {
		addr := n.Obj &^ (runtime.NotedHere | runtime.NotedOver)
		if n.Obj&runtime.NotedHere == 0 || addr == 0 {
			continue
		}
		fact := runtime.Fact{Goid: uint32(slot.Goid), Site: uint32(n.Entry), Time: uint32(n.Entry >> 32)}
		g := runtime.Object{Addr: addr, Kind: uint32(runtime.KindWaitGroup), Received: fact}
		if i == 1 {
			g.Sent, g.Received = fact, runtime.Fact{}
		}
		if old := r.groups[addr]; old != nil {
			g = newer(*old, g)
		}
		r.groups[addr] = &g
	}
}

// newer joins what the object table or a slot says about an address with the facts of a WaitGroup from another slot. If
// the kinds differ, the address was used again, and newer returns the later object.
func newer(o, group runtime.Object) runtime.Object {
	last := func(o *runtime.Object) uint32 { return max(o.Made.Time, o.Sent.Time, o.Received.Time, o.Closed.Time) }
	if o.Kind != group.Kind {
		if last(&o) >= last(&group) {
			return o
		}
		return group
	}
	o.Sent, o.Received = newerFact(o.Sent, group.Sent), newerFact(o.Received, group.Received)
	return o
}

// newerFact returns the newer of two facts. If both are of the same tick, the one of the younger goroutine counts as
// newer, because that may have been started after it.
func newerFact(a, b runtime.Fact) runtime.Fact {
	if c := cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Goid, b.Goid)); c < 0 {
		return b
	}
	return a
}

// usedObjects returns the addresses of objects that goroutines wait for or hold, have left locked, or have selected
// from.
func (r *reader) usedObjects() map[uint64]bool {
	used := make(map[uint64]bool)
	cases := func(w *snapshot.Wait) {
		for _, c := range w.Cases {
			used[c.Obj] = true
		}
	}
	for i := range r.snap.Goroutines {
		g := &r.snap.Goroutines[i]
		for j := range g.Waits {
			used[g.Waits[j].Obj] = true
			cases(&g.Waits[j])
		}
		if g.Passed != nil {
			cases(g.Passed)
		}
		for _, h := range g.Holds {
			used[h.Obj] = true
		}
	}
	for _, h := range r.snap.Orphans {
		used[h.Obj] = true
	}
	return used
}

// past reports whether the object of an entry, which no goroutine waits for or holds, can be left out: a channel that
// no live goroutine has used, or an object that matters only to its waiters.
func (r *reader) past(e *runtime.Object) bool {
	there := func(f runtime.Fact) bool {
		_, found := r.idOf(f.Goid)
		return f.Site != 0 && found
	}
	switch runtime.Kind(e.Kind &^ runtime.ObjOfProgram) {
	case runtime.KindWaitGroup, runtime.KindCond:
		return true
	case runtime.KindChan:
		return !there(e.Sent) && !there(e.Received) && !there(e.Closed)
	}
	return false
}

// eachObject calls f with each used entry of the table. The table is large and mostly unused, so it is read in pieces.
func (r *reader) eachObject(f func(entry []byte)) error {
	b := make([]byte, min(r.h.ObjCap, objectsAtOnce)*runtime.ObjSize)
	off, end := uint64(r.h.ObjOff)*pageSize, uint64(r.h.ObjOff)*pageSize+uint64(r.h.ObjCap)*runtime.ObjSize
	for ; off < end; off += uint64(len(b)) {
		piece := b[:min(uint64(len(b)), end-off)]
		if err := r.fill(piece, off); err != nil {
			return err
		}
		for ; len(piece) >= runtime.ObjSize; piece = piece[runtime.ObjSize:] {
			if addr := load[uint64](piece); addr != 0 && addr != runtime.ObjBusy {
				f(piece)
			}
		}
	}
	return nil
}

// objectsAtOnce is how many entries eachObject reads at once.
const objectsAtOnce = 1024

// object returns the object of an entry of the table, unless that is damaged.
func (r *reader) object(e runtime.Object) (snapshot.Object, bool) {
	number := e.Kind &^ runtime.ObjOfProgram
	kind := runtime.Kind(number)
	if number > 0xff || kind.String() == "" {
		r.drop(DroppedDamaged, 1)
		return snapshot.Object{}, false
	}
	o := snapshot.Object{
		Addr: e.Addr, Kind: kind, Len: -1, Cap: -1, Count: -1,
		OfProgram: e.Kind != number,
		Made:      r.fact(e.Made), Sent: r.fact(e.Sent), Received: r.fact(e.Received), Closed: r.fact(e.Closed),
	}
	if kind == runtime.KindChan {
		o.Cap = int(e.Cap)
	}
	o.Expr, _, _ = factsName(&o)
	return o, true
}

// fact returns a fact of the record, or nil if it is not set. Its goroutine has certainly exited if no slot is that
// goroutine's, unless there are goroutines without a slot.
func (r *reader) fact(f runtime.Fact) *snapshot.Fact {
	p := r.site(f.Site)
	if p == nil {
		return nil
	}
	id, found := r.idOf(f.Goid)
	if !found {
		id = int64(f.Goid)
	}
	all := r.h.DroppedGoroutines == 0 && r.snap.Dropped[DroppedPrivate] == 0
	return r.facts.put(snapshot.Fact{Goroutine: id, Probe: p, At: r.time(f.Time), Exited: !found && all})
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

// voidSends removes the sends that are over because they panicked, which no probe sees: those on a channel that was
// closed, and those of a goroutine that has reached another probe since. A select may be one.
func (r *reader) voidSends() {
	closed := func(addr uint64) bool {
		o := r.snap.Objects[addr]
		return o != nil && o.Closed != nil
	}
	for i := range r.snap.Goroutines {
		g := &r.snap.Goroutines[i]
		if len(g.Waits) == 0 {
			continue
		}
		w := &g.Waits[0]
		over := false
		switch w.Probe.Op {
		case runtime.OpSend:
			over = closed(w.Obj)
		case runtime.OpSelect:
			over = slices.ContainsFunc(w.Cases, func(c snapshot.Case) bool { return c.Send && closed(c.Obj) })
		default:
			continue
		}
		if over || g.Last != nil && g.Last != w.Probe {
			g.Waits = g.Waits[1:]
		}
	}
}

// A namer names objects by their expressions in the source.
type namer struct {
	snap   *snapshot.Snapshot
	newest map[uint64]int64 // when the probe that gave the present name was reached
}

// factsName returns the name that the facts on record of o give it, and when that was; ok is false if they give none.
func factsName(o *snapshot.Object) (name string, at int64, ok bool) {
	for _, f := range [...]*snapshot.Fact{o.Made, o.Sent, o.Received, o.Closed} {
		if f != nil && renames(f.Probe, f.At, at, ok) {
			name, at, ok = f.Probe.Obj, f.At, true
		}
	}
	return name, at, ok
}

// renames reports whether probe p, reached at a time, gives an object a new name; its present name, if any, is of time
// last.
func renames(p *snapshot.Probe, at, last int64, named bool) bool {
	return p.Obj != "" && p.Op != runtime.OpSelect && (!named || at > last)
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

// selectCases names the channels of a select. A name from another operation takes precedence, because the variables of
// a select may have changed since.
func (n *namer) selectCases(w *snapshot.Wait) {
	for i, c := range w.Cases {
		if o := n.object(c.Obj, runtime.KindChan); o != nil && o.Expr == "" {
			o.Expr = w.Probe.Object(i)
		}
	}
}

// contexts drops the facts of the channels of contexts that w receives from. Package context makes and closes those
// without probes, so the facts are of older channels with the same address.
func (n *namer) contexts(w *snapshot.Wait) {
	if w.Probe == nil {
		return
	}
	forget := func(addr uint64, i int) {
		o := n.snap.Objects[addr]
		if o == nil || w.Probe.Role(i) != runtime.RoleDone ||
			o.Made != nil && strings.HasPrefix(o.Made.Probe.Func, "context.") {
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
	last, named := n.newest[addr]
	if !named {
		_, last, named = factsName(o)
	}
	if renames(p, at, last, named) {
		o.Expr, n.newest[addr] = p.Obj, at
	}
	return o
}
