// Package recordtest writes records for tests: the bytes that a program in the state of a snapshot would have left.
// With package snaptext it gives every record a twin that can be read and edited.
package recordtest

import (
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// StartTicks is the start of the process that Bytes makes records of.
const StartTicks = 1234567

const page = 4096

// Bytes returns a record of s, whose program started at time zero of its clock. What a record does not hold, such as
// states and stacks, is left out; what it has no room for (a fifth wait, a ninth lock) panics, because the test is
// wrong.
func Bytes(s *snapshot.Snapshot) []byte {
	w := &writer{sites: make(map[*snapshot.Probe]uint32), strings: make(map[string]uint32)}
	slots := make([]runtime.Slot, len(s.Goroutines))
	for i := range s.Goroutines {
		slots[i] = w.slot(&s.Goroutines[i])
	}
	var orphans []runtime.Orphan
	for _, h := range s.Orphans {
		o := runtime.Orphan{Goid: uint64(h.Goroutine), Obj: h.Obj, Site: w.held(&h), Time: coarse(h.Since),
			Died: coarse(h.Since)}
		if h.Last != nil {
			o.Last = w.site(h.Last, 0)
		}
		orphans = append(orphans, o)
	}
	objects := w.objects(s)
	waited := w.waited(s)
	orders := w.orders(s)
	meta := strings.Join(append([]string{s.Process.Exe, s.Process.Go}, s.Process.Args...), "\x00")

	h := runtime.Header{
		Magic: runtime.Magic, Version: runtime.Version, HeaderSize: uint32(unsafe.Sizeof(runtime.Header{})),
		Pid: uint64(s.Process.Pid), StartTicks: StartTicks, StartWall: s.Process.StartWall, Base: 1 << 40,
		SlotSize: runtime.SlotSize, ObjSize: runtime.ObjSize, SiteSize: runtime.SiteSize,
		OrphanSize: runtime.OrphanSize,
		TestSize:   runtime.TestSize, Tests: uint32(len(w.tests)), OrderSize: runtime.OrderSize,
		Slots: uint32(len(slots)), Sites: uint32(len(w.table)), StrLen: uint32(len(w.text)),
		Orphans: uint32(len(orphans)),
		Waited:  uint32(len(waited)), WaitedCap: uint32(len(waited)), WaitedSize: runtime.WaitedSize,
		Clock: coarse(s.Taken),
	}
	chunks := (len(slots) + runtime.ChunkSlots - 1) / runtime.ChunkSlots
	h.MetaOff, h.MetaLen = uint32(unsafe.Sizeof(h)), uint32(len(meta))
	h.ChunkOff = page
	at := 2 + uint32(chunks)/page
	region := func(bytes int) (off uint32) {
		off = at
		at += uint32(bytes+page-1) / page
		return off
	}
	h.SlotCap = uint32(len(slots))
	h.SlotOff = region(int(h.SlotCap) * runtime.SlotSize)
	h.ObjCap = uint32(len(objects))
	h.ObjOff = region(len(objects) * runtime.ObjSize)
	h.SiteCap = uint32(len(w.table)) + 1
	h.SiteOff = region(int(h.SiteCap) * runtime.SiteSize)
	h.StrCap = uint32(len(w.text))
	h.StrOff = region(len(w.text))
	h.OrphanCap = uint32(max(len(orphans), 1))
	h.OrphanOff = region(int(h.OrphanCap) * runtime.OrphanSize)
	h.TestCap = uint32(len(w.tests))
	h.TestOff = region(len(w.tests) * runtime.TestSize)
	h.WaitedOff = region(len(waited) * runtime.WaitedSize)
	h.OrderCap = uint32(len(orders))
	h.OrderOff = region(len(orders) * runtime.OrderSize)
	h.Size = uint64(at) * page

	b := make([]byte, h.Size)
	put(b, 0, []runtime.Header{h})
	copy(b[h.MetaOff:], meta)
	copy(b[h.ChunkOff:], slices.Repeat([]byte{1}, chunks))
	put(b, h.SlotOff, slots)
	put(b, h.ObjOff, objects)
	put(b, h.SiteOff, append([]runtime.SiteEntry{{}}, w.table...))
	copy(b[h.StrOff*page:], w.text)
	put(b, h.OrphanOff, orphans)
	put(b, h.TestOff, w.tests)
	put(b, h.WaitedOff, waited)
	put(b, h.OrderOff, orders)
	return b
}

// put stores the elements of list in b, from the given page on.
func put[T any](b []byte, pageNo uint32, list []T) {
	if len(list) > 0 {
		size := int(unsafe.Sizeof(list[0])) * len(list)
		copy(b[pageNo*page:], unsafe.Slice((*byte)(unsafe.Pointer(&list[0])), size))
	}
}

func coarse(ns int64) uint32 { return uint32(ns/1e6) + 1 }

type writer struct {
	sites   map[*snapshot.Probe]uint32
	table   []runtime.SiteEntry
	strings map[string]uint32
	text    []byte
	tests   []runtime.TestEntry
}

// site returns the number of probe p, which has that many cases if it is a select.
func (w *writer) site(p *snapshot.Probe, cases int) uint32 {
	id, ok := w.sites[p]
	if !ok {
		w.table = append(w.table, runtime.SiteEntry{
			File: w.str(p.File), Func: w.str(p.Func), Expr: w.str(p.Expr),
			FileLen: uint16(len(p.File)), FuncLen: uint16(len(p.Func)), ExprLen: uint16(len(p.Expr)),
			Flags: p.Flags, Line: int32(p.Line), Col: int32(p.Col), Op: p.Op, Kind: p.Kind,
			Obj: w.str(p.Obj), ObjLen: uint16(len(p.Obj)), Callee: w.str(p.Callee), CalleeLen: uint16(len(p.Callee)),
			Roles: p.Roles,
		})
		id = uint32(len(w.table))
		w.sites[p] = id
	}
	e := &w.table[id-1]
	e.Cases = max(e.Cases, uint16(cases))
	return id
}

// held returns the Site of a lock that is held.
func (w *writer) held(h *snapshot.Hold) uint32 {
	if h.Read {
		return w.site(h.Probe, 0) | runtime.HoldRead
	}
	return w.site(h.Probe, 0)
}

func (w *writer) str(s string) uint32 {
	off, ok := w.strings[s]
	if !ok {
		off = uint32(len(w.text))
		w.strings[s] = off
		w.text = append(w.text, s...)
	}
	return off
}

func (w *writer) slot(g *snapshot.Goroutine) runtime.Slot {
	slot := runtime.Slot{Goid: uint64(g.ID), G: uint64(g.ID) << 12, Seq: 2, Head: max(g.Steps, uint32(len(g.History)))}
	if len(g.Waits) > runtime.WaitLen || len(g.Holds) > runtime.HeldLen || len(g.History) > runtime.RingLen {
		panic(fmt.Sprintf("recordtest: goroutine %d does not fit in a slot", g.ID))
	}
	slot.Test = w.test(g.Test)
	slot.Depth, slot.Held = uint32(len(g.Waits)), uint32(len(g.Holds))
	for i, wait := range g.Waits {
		e := runtime.Wait{Obj: wait.Obj, Since: wait.Since, Site: w.site(wait.Probe, len(wait.Cases)+wait.More)}
		if wait.Cap > 0 {
			e.Info = uint32(wait.Cap)
		}
		slot.Waits[len(g.Waits)-1-i] = e
		for j, c := range wait.Cases {
			slot.CaseSite, slot.Cases[j] = e.Site, c.Obj
			if c.Send {
				slot.CaseSend |= 1 << j
			}
		}
	}
	for i, h := range g.Holds {
		slot.Locks[i] = runtime.Hold{Obj: h.Obj, Site: w.held(&h), Time: coarse(h.Since)}
	}
	for i, s := range g.History {
		at := (slot.Head - 1 - uint32(i)) % runtime.RingLen
		slot.Ring[at] = runtime.Entry(uint64(coarse(s.At))<<32 | uint64(w.site(s.Probe, 0)))
	}
	return slot
}

func (w *writer) orders(s *snapshot.Snapshot) []runtime.Order {
	var list []runtime.Order
	for _, o := range s.Orders {
		site := func(l snapshot.OrderedLock) uint32 { return w.held(&snapshot.Hold{Probe: l.Probe, Read: l.Read}) }
		e := runtime.Order{
			First: o.Held.Obj, FirstSite: site(o.Held), Second: o.Taken.Obj, SecondSite: site(o.Taken), Seq: 2,
			Begun: o.Begun, Last: o.Last, Cycle: o.Cycle, Cycles: o.Cycles,
		}
		for i, id := range o.Goroutines {
			e.Goids[i] = uint32(id)
		}
		for i, g := range o.Gates {
			if e.Gates[i] = g.Obj; g.Read {
				e.Gates[i] |= runtime.GateRead
			}
		}
		var stack strings.Builder
		for _, f := range o.Stack {
			fmt.Fprintf(&stack, "%s\x00%s:%d\n", f.Func, f.File, f.Line)
		}
		e.Stack, e.StackLen = w.str(stack.String()), uint32(stack.Len())
		list = append(list, e)
	}
	return list
}

func objectKind(o *snapshot.Object) uint32 {
	kind := uint32(o.Kind)
	if o.OfProgram {
		kind |= runtime.ObjOfProgram
	}
	return kind
}

// test returns the number of a test. Those before it that no goroutine belongs to are empty entries.
func (w *writer) test(t *snapshot.Test) uint32 {
	if t == nil {
		return 0
	}
	for len(w.tests) < t.Number {
		w.tests = append(w.tests, runtime.TestEntry{})
	}
	e := runtime.TestEntry{
		Number: uint32(t.Number), State: runtime.TestEnded, Goid: uint64(t.Goroutine), Started: t.Started,
		NameLen: uint32(len(t.Name)),
	}
	if t.Running {
		e.State = runtime.TestRunning
	}
	copy(e.Name[:], t.Name)
	w.tests[t.Number-1] = e
	return e.Number
}

// waited returns how long waits were, by place.
func (w *writer) waited(s *snapshot.Snapshot) (list []runtime.Waited) {
	for p, waited := range s.Waited {
		e := runtime.Waited{Sum: uint64(waited.Sum), Max: uint64(waited.Max), Site: w.site(p, 0)}
		for k, n := range waited.Counts {
			e.Waits[k] = uint32(n)
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b runtime.Waited) int { return int(a.Site) - int(b.Site) })
	return list
}

// objects returns the table of objects, with every object at its place.
func (w *writer) objects(s *snapshot.Snapshot) []runtime.Object {
	size := uint32(64)
	for int(size) < 4*len(s.Objects) {
		size *= 2
	}
	table := make([]runtime.Object, size)
	for _, addr := range sorted(s.Objects) {
		o := s.Objects[addr]
		e := runtime.Object{
			Addr: addr, Kind: objectKind(o), Cap: uint32(max(o.Cap, 0)),
			Made: w.fact(o.Made), Sent: w.fact(o.Sent), Received: w.fact(o.Received), Closed: w.fact(o.Closed),
		}
		first := runtime.ObjHash(addr) % size / runtime.ObjWays * runtime.ObjWays
		free := slices.IndexFunc(table[first:first+runtime.ObjWays], func(o runtime.Object) bool { return o.Addr == 0 })
		if free < 0 {
			panic("recordtest: too many objects of the same hash")
		}
		table[first+uint32(free)] = e
	}
	return table
}

func sorted(m map[uint64]*snapshot.Object) []uint64 {
	var addrs []uint64
	for a := range m {
		addrs = append(addrs, a)
	}
	slices.Sort(addrs)
	return addrs
}

func (w *writer) fact(f *snapshot.Fact) runtime.Fact {
	if f == nil {
		return runtime.Fact{}
	}
	return runtime.Fact{Goid: uint32(f.Goroutine), Site: w.site(f.Probe, 0), Time: coarse(f.At)}
}
