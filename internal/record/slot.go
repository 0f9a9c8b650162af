package record

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// The states of a chunk of slots, as its byte in the record says.
const (
	chunkUnused  = 0
	chunkShared  = 1
	chunkPrivate = 2
)

// rereads is how often a slot is read until two readings agree. A goroutine that goes through a probe every few
// nanoseconds may never hold still; a waiting one does at once.
const rereads = 8

// readSlots reads the slots of all goroutines.
func (r *reader) readSlots() error {
	chunks := (uint64(r.h.Slots) + runtime.ChunkSlots - 1) / runtime.ChunkSlots
	state, err := r.src.region(uint64(r.h.ChunkOff), chunks)
	if err != nil {
		return err
	}
	r.ids = make(map[uint32]int64)
	used := len(state) - bytes.Count(state, []byte{chunkUnused})
	r.snap.Goroutines = make([]snapshot.Goroutine, 0, min(used*runtime.ChunkSlots, int(r.src.Size/runtime.SlotSize)))
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
	return nil
}

// readChunk reads the slots at off of mem. a and b are buffers of the chunk's size.
func (r *reader) readChunk(mem io.ReaderAt, off int64, a, b []byte) error {
	if _, err := mem.ReadAt(a, off); err != nil {
		return err
	}
	if _, err := mem.ReadAt(b, off); err != nil {
		return err
	}
	for at := 0; at < len(a); at += runtime.SlotSize {
		was, is := a[at:at+runtime.SlotSize], b[at:at+runtime.SlotSize]
		for range rereads {
			if bytes.Equal(was, is) {
				break
			}
			was, is = is, was
			if _, err := mem.ReadAt(is, off+int64(at)); err != nil {
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

// settle leaves of a slot that changes while we read it what two readings agree on: the goroutine is moving, so that it
// does not wait, and holds the locks that it held both times.
func (r *reader) settle(slot *runtime.Slot, was runtime.Slot) {
	if was.Goid != slot.Goid || was.Seq != slot.Seq {
		slot.Goid = 0
		return
	}
	slot.Depth = 0
	n := min(slot.Held, runtime.HeldLen)
	old := was.Locks[:min(was.Held, runtime.HeldLen)]
	kept := slices.DeleteFunc(slices.Clone(slot.Locks[:n]), func(h runtime.Hold) bool { return !slices.Contains(old, h) })
	if len(kept) < len(old) {
		r.drop(DroppedMoving, 1)
	}
	slot.Held = uint32(copy(slot.Locks[:], kept))
}

// goroutine adds the goroutine of a slot to the snapshot.
func (r *reader) goroutine(slot *runtime.Slot) {
	if slot.Goid == 0 || slot.Seq%2 == 1 || int64(slot.Goid) < 0 {
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
	if p := r.site(slot.CaseSite); p != nil && !slices.ContainsFunc(g.Waits, func(w snapshot.Wait) bool { return w.Probe == p }) {
		g.Passed = &snapshot.Wait{Probe: p, Cap: -1}
		r.selectCases(g.Passed, slot)
	}
	for _, h := range slot.Locks[:min(slot.Held, runtime.HeldLen)] {
		p := r.site(h.Site &^ runtime.HoldRead)
		if p == nil || h.Obj == 0 {
			r.drop(DroppedDamaged, 1)
			continue
		}
		g.Holds = append(g.Holds, snapshot.Hold{Goroutine: g.ID, Obj: h.Obj, Probe: p, Since: r.time(h.Time), Read: h.Site&runtime.HoldRead != 0})
	}
	r.ids[uint32(slot.Goid)] = g.ID
	r.snap.Goroutines = append(r.snap.Goroutines, g)
}

// history returns the last probes of a slot, newest first.
func (r *reader) history(slot *runtime.Slot) []snapshot.Step {
	n := min(slot.Head, runtime.RingLen)
	steps := make([]snapshot.Step, 0, n)
	for i := range n {
		e := slot.Ring[(slot.Head-1-i)%runtime.RingLen]
		if e == 0 {
			break // never written
		}
		p := r.site(uint32(e))
		if p == nil {
			r.drop(DroppedDamaged, 1)
			break // what is older is no more to be trusted
		}
		steps = append(steps, snapshot.Step{Probe: p, At: r.time(uint32(e >> 32))})
	}
	return steps
}

// waits returns the operations that the goroutine of a slot is in, innermost first. While the program runs, one that began after the reading did
// is left out: it, and what it hides, belongs to a later moment than the rest of the snapshot.
func (r *reader) waits(slot *runtime.Slot) []snapshot.Wait {
	depth := slot.Depth
	if depth > runtime.WaitLen {
		depth = runtime.WaitLen // deeper ones are counted and not kept
	}
	var waits []snapshot.Wait
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
	for i := range n {
		w.Cases = append(w.Cases, snapshot.Case{Obj: slot.Cases[i], Send: slot.CaseSend>>i&1 == 1})
	}
	w.More = total - n
}

// sortGoroutines sorts the goroutines by id; of two slots with the same id, which only a damaged record has, the one that went further stays.
func (r *reader) sortGoroutines() {
	gs := r.snap.Goroutines
	slices.SortFunc(gs, func(a, b snapshot.Goroutine) int {
		if a.ID != b.ID {
			return cmp.Compare(a.ID, b.ID)
		}
		return cmp.Compare(b.Steps, a.Steps)
	})
	n := len(gs)
	gs = slices.CompactFunc(gs, func(a, b snapshot.Goroutine) bool { return a.ID == b.ID })
	r.drop(DroppedDamaged, uint32(n-len(gs)))
	r.snap.Goroutines = gs
}
