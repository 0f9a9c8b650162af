package record

import (
	"fmt"
	"slices"
	"time"
	"unsafe"

	"github.com/awaittrace/awaittrace/runtime"
)

// Started returns when the record was made.
func (r *Record) Started() (time.Time, error) {
	h, err := readHeader(r.src)
	if err != nil {
		return time.Time{}, r.named(err)
	}
	return time.Unix(0, h.StartWall), nil
}

// ExitStatus returns the exit status that Ended noted, and whether there is one. There is none for a program that a
// signal killed, or whose end nobody saw.
func (r *Record) ExitStatus() (status int, ok bool) {
	h, err := readHeader(r.src)
	if err != nil || h.Exit == 0 || (h.Exit-1)&0x7f != 0 {
		return 0, false
	}
	return int((h.Exit - 1) >> 8 & 0xff), true
}

// Waits is a first look at a record, for callers that look repeatedly. It costs a few nanoseconds per goroutine, where
// a snapshot takes some microseconds.
type Waits struct {
	// Long is the number of goroutines that have been in an operation since before the given time.
	Long int
	// Sum identifies these goroutines and their operations: two looks with the same Sum saw the same ones.
	Sum uint64
}

// Waiting counts the goroutines that have been in an operation since before the given time, in nanoseconds of the
// program's clock. It leaves out what cannot be read.
func (r *Record) Waiting(before int64) (Waits, error) {
	var w Waits
	err := r.eachSlot(func(_ *runtime.Header, slot []byte) { w.add(slot, before) })
	return w, err
}

// eachSlot calls f with the bytes of every readable slot. It reads them once, so the slot may be changing.
func (r *Record) eachSlot(f func(h *runtime.Header, slot []byte)) error {
	h, err := readHeader(r.src)
	if err != nil {
		return r.named(err)
	}
	state, err := r.src.region(uint64(h.ChunkOff), (uint64(h.Slots)+runtime.ChunkSlots-1)/runtime.ChunkSlots)
	if err != nil {
		return r.named(err)
	}
	if r.buffer == nil {
		r.buffer = new(Buffer)
	}
	buf := r.buffer.chunk()
	for i, st := range state {
		first := uint32(i) * runtime.ChunkSlots
		chunk := buf[:min(runtime.ChunkSlots, h.Slots-first)*runtime.SlotSize]
		off := int64(h.SlotOff)*pageSize + int64(first)*runtime.SlotSize
		mem := r.src.Data
		if st == chunkPrivate {
			mem, off = r.src.Memory, off+int64(h.Base)
		}
		if st == chunkUnused || mem == nil {
			continue
		}
		if err := readSlotsAt(&h, mem, off, chunk); err != nil {
			continue
		}
		for ; len(chunk) > 0; chunk = chunk[runtime.SlotSize:] {
			f(&h, chunk[:runtime.SlotSize])
		}
	}
	return nil
}

// add counts the operations of the goroutine in a slot that have lasted since before the given time.
func (w *Waits) add(slot []byte, before int64) {
	depth := min(load[uint32](slot[slotDepth:]), runtime.WaitLen)
	for i := range uintptr(depth) {
		wait := load[runtime.Wait](slot[slotWaits+i*unsafe.Sizeof(runtime.Wait{}):])
		if wait.Since <= 0 || wait.Since > before {
			return // the operations further in began later
		}
		if i == 0 {
			w.Long++
		}
		goid := load[uint64](slot[slotGoid:])
		w.Sum += (goid*0x9E3779B97F4A7C15 ^ uint64(wait.Since)) * 0xFF51AFD7ED558CCD
	}
}

// A Quiet goroutine is in no operation and has reached no probe for a while: it computes, or has exited.
type Quiet struct {
	ID    int64
	G     uint64 // address of the runtime's g
	Last  int64  // when it reached its last probe, nanoseconds of the program's clock
	Steps uint32 // probes that it has reached
}

// Quiet returns the goroutines that have been quiet since before the given time.
func (r *Record) Quiet(before int64) ([]Quiet, error) {
	var list []Quiet
	err := r.eachSlot(func(h *runtime.Header, b []byte) {
		slot := load[runtime.Slot](b)
		if slot.Goid == 0 || slot.Seq%2 == 1 || slot.Depth > 0 || slot.Head == 0 {
			return
		}
		coarse := slot.Ring[(slot.Head-1)%runtime.RingLen] >> 32
		last := h.Start + (int64(coarse)-1)*1e6
		if coarse != 0 && last <= before {
			list = append(list, Quiet{int64(slot.Goid), slot.G, last, slot.Head})
		}
	})
	return list, err
}

// OnProcessor reports whether the goroutine is running, or would be if there were a processor for it. It does not stop
// the program.
func (r *Record) OnProcessor(q Quiet) bool {
	state := r.gStateName(q.G, q.ID)
	return state == "running" || state == "runnable"
}

// A Moment is what a goroutine that has reached a probe does.
type Moment struct {
	State string // running, runnable, …; empty: it cannot be read
	Steps uint32 // probes that it has reached
}

// Moments returns what the goroutines of ids do now. It does not stop the program.
func (r *Record) Moments(ids []int64) map[int64]Moment {
	now := make(map[int64]Moment, len(ids))
	err := r.eachSlot(func(h *runtime.Header, b []byte) {
		slot := load[runtime.Slot](b)
		if id := int64(slot.Goid); slot.Seq%2 == 0 && slices.Contains(ids, id) {
			now[id] = Moment{r.gName(h, slot.G, slot.Goid), slot.Head}
		}
	})
	if err != nil {
		return nil
	}
	return now
}

// gStateName returns the state of the goroutine id, whose g is at an address, or "" if it cannot be read.
func (r *Record) gStateName(g uint64, id int64) string {
	h, err := readHeader(r.src)
	if err != nil {
		return ""
	}
	return r.gName(&h, g, uint64(id))
}

// gName is gStateName with the header of the record.
func (r *Record) gName(h *runtime.Header, g, goid uint64) string {
	state, ok := r.gState(h, g, goid)
	if !ok {
		return ""
	}
	return runtime.GState(state)
}

// ReadMemory reads the memory of the program at an address.
func (r *Record) ReadMemory(b []byte, addr uint64) error {
	if r.src.Memory == nil {
		return fmt.Errorf("the memory of process %d cannot be read", r.Pid)
	}
	_, err := r.src.Memory.ReadAt(b, int64(addr))
	return err
}
