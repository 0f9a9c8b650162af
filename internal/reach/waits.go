package reach

import (
	"fmt"
	"slices"
	"strings"
)

// A wait is what is known of why a goroutine waits, and whether it can end.
type wait struct {
	// candidate says that the goroutine waits for what only other goroutines can do: only those can be proven.
	candidate bool
	// never says that it is blocked by definition.
	never bool
	// unknown says why its object could not be found.
	unknown string
	// why says why it is live, if not because of by, the object that it waits for.
	why string
	by  uint32
	// objs are what it waits for: channels and semaphores.
	objs []waitObject
}

// A waitObject is an address that a goroutine waits for.
type waitObject struct {
	addr  uint64
	sudog uint64 // its sudog; zero: unknown
}

// A reasonKind says what a wait reason means.
type reasonKind uint8

const (
	reasonOther reasonKind = iota
	reasonChan
	reasonNever
	reasonSema
	reasonCond
)

// reasonKinds has the wait reasons that only other goroutines end.
var reasonKinds = map[string]reasonKind{
	"chan receive": reasonChan, "chan send": reasonChan, "select": reasonChan,
	"select (no cases)": reasonNever, "chan receive (nil chan)": reasonNever, "chan send (nil chan)": reasonNever,
	"sync.WaitGroup.Wait": reasonSema, "sync.Mutex.Lock": reasonSema, "sync.RWMutex.RLock": reasonSema, "sync.RWMutex.Lock": reasonSema,
	"semacquire": reasonSema, "sync.Cond.Wait": reasonCond,
}

// findWaits finds out who waits for what. A goroutine that does not wait for others is live.
func (m *marker) findWaits() {
	hide := func(addr uint64) {
		if id, ok := m.heap.id(addr); ok {
			m.opaque.set(id)
		}
	}
	for i := range m.gs {
		hide(m.gs[i].addr)
	}
	for _, p := range m.sudogs {
		hide(p)
		m.sudogG[p] = m.o.sudog.g.get(m.view(p, m.o.sudog.size))
	}
	conds := make(map[uint64]int32)
	for i := range m.gs {
		m.findWait(int32(i), hide, conds)
	}
	if len(conds) > 0 {
		m.findConds(conds)
	}
}

// findWait finds out what one goroutine waits for. It leaves to conds those that wait for a Cond that they do not name.
func (m *marker) findWait(i int32, hide func(uint64), conds map[uint64]int32) {
	g, w := &m.gs[i], &m.waits[i]
	kind := reasonOther
	if g.waits() {
		kind = reasonKinds[g.reason]
	}
	w.candidate = kind != reasonOther
	sense := true
	for sg, n := g.waiting, 0; sg != 0; n++ {
		b := m.view(sg, m.o.sudog.size)
		if b == nil || n > maxList {
			sense = false
			break
		}
		hide(sg)
		m.sudogG[sg] = m.o.sudog.g.get(b)
		if m.sudogG[sg] != g.addr {
			sense = false
		}
		if kind == reasonChan {
			w.objs = append(w.objs, waitObject{m.o.sudog.c.get(b), sg})
		} else if e := m.o.sudog.elem.get(b); e != 0 && kind != reasonOther {
			w.objs = append(w.objs, waitObject{e, sg})
		}
		if kind == reasonSema || kind == reasonCond {
			break // here waitlink belongs to the semaphore
		}
		sg = m.o.sudog.waitlink.get(b)
	}
	switch {
	case !w.candidate:
		m.wake(i, m.doing(g))
		return
	case kind == reasonNever:
		w.never = true
		return
	}
	for _, e := range m.sema[g.addr] {
		if len(w.objs) == 0 || w.objs[0].addr != e {
			w.objs = append(w.objs, waitObject{addr: e})
		}
	}
	switch {
	case !sense:
		w.unknown = "what it waits for does not make sense"
		m.wake(i, w.unknown)
	case kind == reasonChan && g.waiting == 0 && !g.onThread && g.reason == "select":
		w.never = true // it has nil channels only
	case len(w.objs) > 0:
		for _, o := range w.objs {
			m.waitFor(i, o.addr)
		}
	case kind == reasonCond:
		conds[g.addr] = i
	default:
		w.unknown = "what it waits for was not found"
		m.wake(i, w.unknown)
	}
}

// statusNames are the states of goroutines that do not wait.
var statusNames = map[uint32]string{
	statusRunnable: "it is runnable", statusRunning: "it is running", statusSyscall: "it is in a system call", statusPreempted: "it was preempted",
	statusCopystack: "its stack moves", statusIdle: "it is about to start", statusDead: "it has ended", statusDeadExtra: "it has ended",
}

// doing says why a goroutine that is no candidate counts as live.
func (m *marker) doing(g *goroutine) string {
	switch {
	case !g.waits():
		if s, ok := statusNames[g.status]; ok {
			return s
		}
		return "it is between two states"
	case strings.HasSuffix(g.reason, "(durable)"):
		return "it waits in a synctest bubble, which sees to it that it ends"
	case g.reason == "":
		return "why it waits is not known"
	}
	return "it waits for the runtime or the system: " + g.reason
}

// waitFor notes that a goroutine waits for what is at addr.
func (m *marker) waitFor(i int32, addr uint64) {
	id, ok := m.heap.id(addr)
	if !ok {
		if m.global(addr) {
			m.wake(i, "it waits for a global variable")
			return
		}
		m.waits[i].unknown = fmt.Sprintf("it waits for something outside the heap, at %#x", addr)
		m.wake(i, m.waits[i].unknown)
		return
	}
	m.waited.set(id)
	m.waiters[id] = append(m.waiters[id], i)
}

// global reports whether an address is that of a variable.
func (m *marker) global(addr uint64) bool {
	return slices.ContainsFunc(m.modules, func(mod module) bool { return addr >= mod.lo && addr < mod.hi })
}

// findConds finds the sudogs of goroutines that wait for a Cond where they do not name it, which is so before Go 1.26: whoever can reach the
// Cond reaches its list, and so the sudog.
func (m *marker) findConds(conds map[uint64]int32) {
	size := m.o.sudog.size
	off := m.o.sudog.g
	found := make(map[int32]bool)
	for i := range m.heap.spans {
		sp := &m.heap.spans[i]
		if sp.noscan || sp.elem < size || sp.elem > size+24 {
			continue
		}
		for idx := uint32(0); idx < sp.nelems; idx++ {
			if !sp.used(idx) {
				continue
			}
			if g, ok := conds[off.get(sp.bytes(idx))]; ok {
				addr := sp.start + uint64(idx)*sp.elem
				m.waitFor(g, addr)
				m.waits[g].objs = append(m.waits[g].objs, waitObject{addr, addr})
				found[g] = true
			}
		}
	}
	for _, g := range conds {
		if !found[g] {
			m.waits[g].unknown = "what it waits for was not found"
			m.wake(g, m.waits[g].unknown)
		}
	}
}
