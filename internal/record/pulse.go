package record

import (
	"io"
	"math/bits"
	"time"
	"unsafe"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A Pulse shows whether a Snapshot would show anything new, at a fraction of its cost: it counts goroutines.
type Pulse struct {
	// Started distinguishes the records of a process, which has several after an exec.
	Started int64
	// Goroutines counts the goroutines that have reached a probe, unless others have taken their slots.
	Goroutines int
	// Steps changes when a goroutine reaches a probe, appears, or its slot is taken by another.
	Steps uint64
	// Standing counts, by site, the goroutines that have waited there for longer than after, except those of Blocked.
	Standing map[uint32]int
	// Blocked changes with the goroutines that have waited for longer than after while they hold a lock, or for what
	// only another goroutine can give: a lock, room in a channel, a WaitGroup, a Cond, a Once. It changes with orphaned
	// locks, too.
	Blocked uint64
}

// Pulse takes the pulse of a running program, and notes in the record that it runs, as Snapshot does.
func (r *Record) Pulse(after time.Duration) (*Pulse, error) {
	now, err := r.Now()
	if err != nil {
		return nil, r.named(err)
	}
	r.Seen(now)
	return r.pulse(now, after)
}

// pulse is Pulse at a time of the program's clock.
func (r *Record) pulse(now int64, after time.Duration) (*Pulse, error) {
	h, err := readHeader(r.src)
	if err != nil {
		return nil, r.named(err)
	}
	p := &Pulse{Started: h.Start, Standing: make(map[uint32]int), Blocked: mix(uint64(h.Orphans))}
	ops := make(map[uint32]runtime.Op)
	err = r.eachSlot(func(h *runtime.Header, slot []byte) {
		if !inUse(slot) {
			return
		}
		id, head, depth := load[uint64](slot[slotGoid:]), load[uint32](slot[slotHead:]), load[uint32](slot[slotDepth:])
		step := mix(id ^ uint64(head)<<32 ^ uint64(depth)<<24)
		p.Goroutines++
		p.Steps += step
		if depth == 0 {
			return
		}
		wait := load[runtime.Wait](slot[slotWaits+uintptr(min(depth,
			runtime.WaitLen)-1)*unsafe.Sizeof(runtime.Wait{}):])
		if wait.Since <= 0 || now-wait.Since < int64(after) {
			return
		}
		op, ok := ops[wait.Site]
		if !ok {
			op = r.op(h, wait.Site)
			ops[wait.Site] = op
		}
		if load[uint32](slot[slotHeld:]) > 0 || blocks(op) {
			p.Blocked += step
		} else {
			p.Standing[wait.Site]++
		}
	})
	return p, err
}

// The offsets in a slot, for those who read a part of it.
const (
	slotGoid  = unsafe.Offsetof(runtime.Slot{}.Goid)
	slotG     = unsafe.Offsetof(runtime.Slot{}.G)
	slotSeq   = unsafe.Offsetof(runtime.Slot{}.Seq)
	slotHead  = unsafe.Offsetof(runtime.Slot{}.Head)
	slotDepth = unsafe.Offsetof(runtime.Slot{}.Depth)
	slotHeld  = unsafe.Offsetof(runtime.Slot{}.Held)
	slotLost  = unsafe.Offsetof(runtime.Slot{}.Lost)
	slotLocks = unsafe.Offsetof(runtime.Slot{}.Locks)
	slotWaits = unsafe.Offsetof(runtime.Slot{}.Waits)
)

// inUse reports whether the bytes of a slot belong to a goroutine, and were not read in the middle of a change of
// owner.
func inUse(slot []byte) bool {
	return load[uint64](slot[slotGoid:]) != 0 && load[uint32](slot[slotSeq:])%2 == 0
}

// op returns the operation of a site.
func (r *Record) op(h *runtime.Header, site uint32) runtime.Op {
	var e [runtime.SiteSize]byte
	if site == 0 || site > h.Sites {
		return 0
	}
	var mem io.ReaderAt = r.src.Data
	off := int64(h.SiteOff)*pageSize + int64(site)*runtime.SiteSize
	if h.Private != 0 && r.src.Memory != nil {
		mem, off = r.src.Memory, off+int64(h.Base)
	}
	if _, err := mem.ReadAt(e[:], off); err != nil {
		return 0
	}
	return load[runtime.SiteEntry](e[:]).Op
}

// blocks reports whether a wait in op is for what only another goroutine can give.
func blocks(op runtime.Op) bool {
	switch op {
	case runtime.OpRecv, runtime.OpRange, runtime.OpSelect, runtime.OpIO, runtime.OpSleep:
		return false
	}
	return true
}

// mix spreads the bits of n.
func mix(n uint64) uint64 {
	hi, lo := bits.Mul64(n^runtime.HashFactor, 0xd6e8feb86659fd93)
	return hi ^ lo
}

// WaitedAt returns the lengths of past waits at some sites, by Waited.Site.
func (r *Record) WaitedAt(sites []uint32) (map[uint32]*snapshot.Waited, error) {
	h, err := readHeader(r.src)
	if err != nil {
		return nil, r.named(err)
	}
	reader := newReader(r.src, h, 0)
	table, err := reader.table(uint64(h.WaitedOff)*pageSize, uint64(h.Waited)*runtime.WaitedSize)
	if err != nil {
		return nil, r.named(err)
	}
	found := make(map[uint32]*snapshot.Waited, len(sites))
	for _, site := range sites {
		found[site] = nil
	}
	for ; len(table) >= runtime.WaitedSize; table = table[runtime.WaitedSize:] {
		site := load[uint32](table[unsafe.Offsetof(runtime.Waited{}.Site):])
		if _, ok := found[site]; ok {
			found[site] = waited(table)
		}
	}
	return found, nil
}

// Gs returns the addresses of the runtime's g of goroutines, by ID.
func (r *Record) Gs(ids map[int64]bool) (map[int64]uint64, error) {
	gs := make(map[int64]uint64, len(ids))
	err := r.eachSlot(func(_ *runtime.Header, slot []byte) {
		if id := int64(load[uint64](slot[slotGoid:])); inUse(slot) && ids[id] {
			gs[id] = load[uint64](slot[slotG:])
		}
	})
	return gs, err
}
