package record

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// The states of a chunk of slots, by its byte in the record.
const (
	chunkUnused  = 0
	chunkShared  = 1
	chunkPrivate = 2
)

// rereads bounds how often a slot is read until two readings agree. They may never agree for a goroutine that passes a
// probe every few nanoseconds, and agree at once for a waiting one.
const rereads = 8

// readSlots reads the slots of all goroutines.
func (r *reader) readSlots() error {
	chunks := (uint64(r.h.Slots) + runtime.ChunkSlots - 1) / runtime.ChunkSlots
	state, err := r.src.region(uint64(r.h.ChunkOff), chunks)
	if err != nil {
		return err
	}
	used := len(state) - bytes.Count(state, []byte{chunkUnused})
	room := min(used*runtime.ChunkSlots, int(r.src.Size/runtime.SlotSize))
	if r.part == partLocks {
		r.left = make(map[uint64]bool)
		if err := r.eachOrphan(func(o *runtime.Orphan) { r.left[o.Goid] = true }); err != nil {
			return err
		}
		r.ids, room = make([]int64, 0, room), 0
	}
	r.snap.Goroutines = make([]snapshot.Goroutine, 0, room)
	a := make([]byte, runtime.ChunkSlots*runtime.SlotSize)
	b := make([]byte, len(a))
	for i, st := range state {
		first := uint32(i) * runtime.ChunkSlots
		n := min(runtime.ChunkSlots, r.h.Slots-first)
		off := int64(r.h.SlotOff)*pageSize + int64(first)*runtime.SlotSize
		mem := r.src.Data
		switch st {
		case chunkUnused:
			continue
		case chunkShared:
		case chunkPrivate:
			if mem, off = r.src.Memory, off+int64(r.h.Base); mem == nil {
				r.drop(DroppedPrivate, n)
				continue
			}
		default:
			r.drop(DroppedDamaged, n)
			continue
		}
		if err := r.readChunk(mem, off, a[:n*runtime.SlotSize], b[:n*runtime.SlotSize]); err != nil {
			if st != chunkPrivate {
				return fmt.Errorf("cannot read the record at %d: %w", off, err)
			}
			r.drop(DroppedPrivate, n)
		}
	}
	r.sortGoroutines()
	r.sortIDs()
	return nil
}

// readChunk reads the slots at off of mem. a and b are buffers of the chunk's size.
func (r *reader) readChunk(mem io.ReaderAt, off int64, a, b []byte) error {
	if err := readSlotsAt(&r.h, mem, off, a); err != nil {
		return err
	}
	if err := readSlotsAt(&r.h, mem, off, b); err != nil {
		return err
	}
	for at := 0; at < len(a); at += runtime.SlotSize {
		was, is := a[at:at+runtime.SlotSize], b[at:at+runtime.SlotSize]
		for range rereads {
			if bytes.Equal(was, is) {
				break
			}
			was, is = is, was
			if err := readSlotsAt(&r.h, mem, off+int64(at), is); err != nil {
				return err
			}
		}
		slot := load[runtime.Slot](is)
		if !bytes.Equal(was, is) {
			r.settle(&slot, load[runtime.Slot](was))
		}
		r.goroutine(&slot)
	}
	return nil
}

// settle reduces a changing slot to what two readings agree on: the goroutine is moving, so it does not wait, and it
// holds the locks that it held both times.
func (r *reader) settle(slot *runtime.Slot, was runtime.Slot) {
	if was.Goid != slot.Goid || was.Seq != slot.Seq {
		slot.Goid = 0
		return
	}
	slot.Depth = 0
	n := min(slot.Held, runtime.HeldLen)
	old := was.Locks[:min(was.Held, runtime.HeldLen)]
	kept := slices.DeleteFunc(slices.Clone(slot.Locks[:n]),
		func(h runtime.Hold) bool { return !slices.Contains(old, h) })
	if len(kept) < len(old) {
		r.drop(DroppedMoving, 1)
	}
	slot.Held = uint32(copy(slot.Locks[:], kept))
	for i := range slot.Noted {
		if slot.Noted[i].Obj != was.Noted[i].Obj {
			slot.Noted[i] = runtime.Noted{}
		}
	}
}

// goroutine adds the goroutine of a slot to the snapshot.
func (r *reader) goroutine(slot *runtime.Slot) {
	if slot.Goid == 0 || slot.Seq%2 == 1 || int64(slot.Goid) < 0 {
		return
	}
	r.noted(slot)
	if r.part == partLocks && !r.concernsLocks(slot) {
		r.ids = append(r.ids, int64(slot.Goid))
		return
	}
	g := snapshot.Goroutine{ID: int64(slot.Goid), State: "unknown", Steps: slot.Head, Born: r.time(slot.Born)}
	g.History = r.history(slot)
	if len(g.History) > 0 {
		g.Last, g.LastAt = g.History[0].Probe, g.History[0].At
	}
	g.Test = r.test(slot.Test)
	g.Waits = r.waits(slot)
	if len(g.Waits) > 0 && g.Waits[0].Probe == g.Last {
		g.LastAt = g.Waits[0].Since
	}
	r.addSelect(&g, slot)
	for _, h := range slot.Locks[:min(slot.Held, runtime.HeldLen)] {
		p := r.site(h.Site &^ runtime.HoldRead)
		if p == nil || h.Obj == 0 {
			r.drop(DroppedDamaged, 1)
			continue
		}
		g.Holds = append(g.Holds, snapshot.Hold{
			Goroutine: g.ID, Obj: h.Obj, Probe: p, Since: r.time(h.Time), Read: h.Site&runtime.HoldRead != 0,
		})
	}
	r.snap.Goroutines = append(r.snap.Goroutines, g)
}

// addSelect adds to g its last select, unless g is in it.
func (r *reader) addSelect(g *snapshot.Goroutine, slot *runtime.Slot) {
	p := r.site(slot.CaseSite)
	if p == nil || slices.ContainsFunc(g.Waits, func(w snapshot.Wait) bool { return w.Probe == p }) {
		return
	}
	g.Passed = &snapshot.Wait{Probe: p, Cap: -1}
	r.selectCases(g.Passed, slot)
}

// concernsLocks reports whether the goroutine of a slot holds something, waits for what others may hold, or has left a
// lock behind.
func (r *reader) concernsLocks(slot *runtime.Slot) bool {
	if slot.Held > 0 || slot.Lost > 0 || r.left[slot.Goid] {
		return true
	}
	return slices.ContainsFunc(slot.Waits[:min(slot.Depth, runtime.WaitLen)], func(w runtime.Wait) bool {
		p := r.site(w.Site)
		return p == nil || isHeld(p.Op)
	})
}

// history returns the last probes of a slot, newest first.
func (r *reader) history(slot *runtime.Slot) []snapshot.Step {
	n := min(slot.Head, runtime.RingLen)
	steps := r.steps.take(int(n))
	for i := range n {
		e := slot.Ring[(slot.Head-1-i)%runtime.RingLen]
		if e == 0 {
			break // never written
		}
		p := r.site(uint32(e))
		if p == nil {
			r.drop(DroppedDamaged, 1)
			break // older entries cannot be trusted any more
		}
		steps = append(steps, snapshot.Step{Probe: p, At: r.time(uint32(e >> 32))})
	}
	return steps
}

// waits returns the operations that the goroutine of a slot is in, innermost first. While the program runs, it leaves
// out an operation that began after the reading did, because that and what it hides belong to a later moment than the
// rest of the snapshot.
func (r *reader) waits(slot *runtime.Slot) []snapshot.Wait {
	depth := min(slot.Depth, runtime.WaitLen) // deeper ones are counted but not kept
	if depth == 0 {
		return nil
	}
	waits := r.waiting.take(int(depth))
	for i := int(depth) - 1; i >= 0; i-- {
		w := &slot.Waits[i]
		p := r.site(w.Site)
		if p == nil || w.Since <= 0 {
			r.drop(DroppedDamaged, 1)
			continue
		}
		if r.now != 0 && w.Since > r.now {
			continue
		}
		r.latest = max(r.latest, w.Since)
		wait := snapshot.Wait{Probe: p, Obj: w.Obj, Since: w.Since, Cap: -1}
		if p.Kind == runtime.KindChan && w.Obj != 0 {
			wait.Cap = int(w.Info)
		}
		if p.Op == runtime.OpSelect && slot.CaseSite == w.Site {
			r.selectCases(&wait, slot)
		}
		waits = append(waits, wait)
	}
	return waits
}

// selectCases fills in the cases of the select that the goroutine of slot is in.
func (r *reader) selectCases(w *snapshot.Wait, slot *runtime.Slot) {
	total := int(r.cases[slot.CaseSite])
	n := min(total, runtime.CaseLen)
	w.Cases = r.clauses.take(n)
	for i := range n {
		w.Cases = append(w.Cases, snapshot.Case{Obj: slot.Cases[i], Send: slot.CaseSend>>i&1 == 1})
	}
	w.More = total - n
}

// sortGoroutines sorts the goroutines by ID. Only a damaged record has two slots with the same ID. It keeps the one
// that went further.
func (r *reader) sortGoroutines() {
	gs := r.snap.Goroutines
	order := make([]position, len(gs))
	for i := range gs {
		order[i] = position{gs[i].ID, gs[i].Steps, int32(i)}
	}
	slices.SortFunc(order, func(a, b position) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(b.steps, a.steps))
	})
	arrange(gs, order)
	n := len(gs)
	gs = slices.CompactFunc(gs, func(a, b snapshot.Goroutine) bool { return a.ID == b.ID })
	r.drop(DroppedDamaged, uint32(n-len(gs)))
	r.snap.Goroutines = gs
}

// A position is the sort key and index of a goroutine, because a goroutine is too large to be moved while sorting.
type position struct {
	id    int64
	steps uint32
	at    int32
}

// arrange moves each goroutine to its place in order, and uses order up.
func arrange(gs []snapshot.Goroutine, order []position) {
	for first := range order {
		if int(order[first].at) == first {
			continue
		}
		g := gs[first]
		to := first
		for int(order[to].at) != first {
			from := int(order[to].at)
			gs[to] = gs[from]
			order[to].at = int32(to)
			to = from
		}
		gs[to] = g
		order[to].at = int32(to)
	}
}

// sortIDs notes the goroutines by the low 32 bits of their IDs. A fact has only these.
func (r *reader) sortIDs() {
	r.ids = slices.Grow(r.ids, len(r.snap.Goroutines))
	for i := range r.snap.Goroutines {
		r.ids = append(r.ids, r.snap.Goroutines[i].ID)
	}
	if n := len(r.ids); n > 0 && (r.part == partLocks || r.ids[n-1] > math.MaxUint32) {
		slices.SortFunc(r.ids, func(a, b int64) int { return cmp.Compare(uint32(a), uint32(b)) })
	}
}

// idOf returns the goroutine whose ID has these low 32 bits, and whether there is one.
func (r *reader) idOf(low uint32) (int64, bool) {
	i, ok := slices.BinarySearchFunc(r.ids, low, func(id int64, low uint32) int { return cmp.Compare(uint32(id), low) })
	if !ok {
		return 0, false
	}
	return r.ids[i], true
}

// A slab allocates many short slices in few pieces.
type slab[E any] struct{ free []E }

// slabLen is the number of elements in one piece.
const slabLen = 256

// take returns an empty slice with room for n elements.
func (s *slab[E]) take(n int) []E {
	if n > len(s.free) {
		s.free = make([]E, max(n, slabLen))
	}
	taken := s.free[:0:n]
	s.free = s.free[n:]
	return taken
}

// put returns a pointer to a copy of e.
func (s *slab[E]) put(e E) *E { return &append(s.take(1), e)[0] }
