package reach

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A wait says why a goroutine waits, and whether that can end.
type wait struct {
	// candidate means that the goroutine waits for what only other goroutines can do: only such a wait can be proven.
	candidate bool
	// never means that it is blocked by definition.
	never bool
	// cause says why it is live.
	cause cause
	// by is the object that it waits for and that made it live.
	by uint32
	// first and n are what it waits for; see marker.objs.
	first, n uint32
}

// A waitObject is an address that a goroutine waits for: a channel or a semaphore.
type waitObject struct {
	addr  uint64
	sudog uint64 // its sudog; zero: unknown
}

// A waiter is a goroutine that waits for an object.
type waiter struct {
	obj uint32
	g   int32
}

// objs returns what a goroutine waits for.
func (m *marker) objs(g int32) []waitObject {
	w := &m.waits[g]
	return m.waitObjs[w.first : w.first+w.n : w.first+w.n]
}

// waitersOf returns the goroutines that wait for an object.
func (m *marker) waitersOf(id uint32) []waiter {
	from := func(id uint32) int {
		i, _ := slices.BinarySearchFunc(m.waiters, id, func(w waiter, id uint32) int { return cmp.Compare(w.obj, id) })
		return i
	}
	return m.waiters[from(id):from(id+1)]
}

// A cause says why a goroutine is live.
type cause uint8

const (
	causeObject   cause = iota // what it waits for can be reached
	causeDoing                 // it does not wait for others
	causeGlobal                // it waits for a variable
	causeAtHand                // a thread is about to wake it
	causeOutside               // it waits for something outside the heap
	causeNonsense              // what it waits for does not make sense
	causeNotFound              // what it waits for was not found
)

// unknown reports whether what the goroutine waits for was not found.
func (c cause) unknown() bool { return c >= causeOutside }

// why returns why a goroutine is live; empty: what it waits for can be reached.
func (m *marker) why(g int32) string {
	switch m.waits[g].cause {
	case causeDoing:
		return m.doing(g)
	case causeGlobal:
		return "it waits for a global variable"
	case causeAtHand:
		return "a thread has it at hand"
	case causeOutside:
		for _, o := range m.objs(g) {
			if _, ok := m.heap.id(o.addr); !ok && !m.global(o.addr) {
				return fmt.Sprintf("it waits for something outside the heap, at %#x", o.addr)
			}
		}
	case causeNonsense:
		return "what it waits for does not make sense"
	case causeNotFound:
		return "what it waits for was not found"
	}
	return ""
}

// reason returns why a goroutine waits, as the runtime says; empty: unknown.
func (c *Capture) reason(g int32) string {
	if i := c.gs[g].reason; i > 0 {
		return c.reasons[i]
	}
	return ""
}

// kind returns what the reason of a goroutine's wait means.
func (m *marker) kind(g int32) reasonKind {
	if g := &m.gs[g]; g.waits() && g.reason > 0 {
		return m.kinds[g.reason]
	}
	return reasonOther
}

// A reasonKind says what a wait reason means.
type reasonKind uint8

const (
	reasonOther reasonKind = iota
	reasonChan
	reasonNever
	reasonSema
	reasonCond
	reasonCoroutine
)

// reasonKinds has the wait reasons that only other goroutines end.
var reasonKinds = map[string]reasonKind{
	"chan receive": reasonChan, "chan send": reasonChan, "select": reasonChan,
	"select (no cases)": reasonNever, "chan receive (nil chan)": reasonNever, "chan send (nil chan)": reasonNever,
	"sync.WaitGroup.Wait": reasonSema, "sync.Mutex.Lock": reasonSema, "sync.RWMutex.RLock": reasonSema,
	"sync.RWMutex.Lock": reasonSema,
	"semacquire":        reasonSema, "sync.Cond.Wait": reasonCond, "coroutine": reasonCoroutine,
}

// hide makes the object at an address opaque.
func (m *marker) hide(addr uint64) {
	if id, ok := m.heap.id(addr); ok {
		m.opaque.set(id)
	}
}

// findWaits finds what each goroutine waits for. A goroutine that does not wait for others is live.
func (m *marker) findWaits() {
	for i := range m.gs {
		m.hide(m.gs[i].addr)
	}
	for _, w := range m.sema {
		m.hide(w.sudog)
	}
	conds, coroutines := make(map[uint64]int32), make(map[uint64]int32)
	for i := range m.gs {
		m.findWait(int32(i), conds, coroutines)
	}
	if len(conds) > 0 {
		m.findObjects(conds, m.o.sudog.size, m.o.sudog.size+24, m.o.sudog.g)
	}
	if len(coroutines) > 0 {
		m.findObjects(coroutines, coroSize, coroSize, Field{0, 8})
	}
	slices.SortStableFunc(m.waiters, func(a, b waiter) int { return cmp.Compare(a.obj, b.obj) })
}

// findWait finds what one goroutine waits for. It appends to conds those that wait for an unnamed Cond, and to
// coroutines those that have switched to another goroutine by a coro.
func (m *marker) findWait(i int32, conds, coroutines map[uint64]int32) {
	g, w, kind := &m.gs[i], &m.waits[i], m.kind(i)
	w.candidate, w.first = kind != reasonOther, uint32(len(m.waitObjs))
	sense := true
	first := m.o.g.waiting.get(m.words(g))
	for sg, n := first, 0; sg != 0; n++ {
		b := m.view(sg, m.o.sudog.size)
		if b == nil || n > maxList {
			sense = false
			break
		}
		m.hide(sg)
		if m.o.sudog.g.get(b) != g.addr {
			sense = false
		}
		if kind == reasonChan {
			m.waitObjs = append(m.waitObjs, waitObject{m.o.sudog.c.get(b), sg})
		} else if e := m.o.sudog.elem.get(b); e != 0 && kind != reasonOther {
			m.waitObjs = append(m.waitObjs, waitObject{e, sg})
		}
		if kind == reasonSema || kind == reasonCond {
			break // here waitlink belongs to the semaphore
		}
		sg = m.o.sudog.waitlink.get(b)
	}
	switch {
	case !w.candidate:
		m.wake(i, causeDoing)
		return
	case kind == reasonNever:
		w.never = true
		return
	}
	for _, s := range m.semaphores(g.addr) {
		if len(m.waitObjs) == int(w.first) || m.waitObjs[w.first].addr != s.addr {
			m.waitObjs = append(m.waitObjs, waitObject{addr: s.addr})
		}
	}
	w.n = uint32(len(m.waitObjs)) - w.first
	switch {
	case !sense:
		m.wake(i, causeNonsense)
	case kind == reasonChan && first == 0 && !g.onThread && m.reason(i) == "select":
		w.never = true // it has nil channels only
	case w.n > 0:
		for _, o := range m.objs(i) {
			m.waitFor(i, o.addr)
		}
	case kind == reasonCond:
		conds[g.addr] = i
	case kind == reasonCoroutine:
		coroutines[g.addr] = i
	default:
		m.wake(i, causeNotFound)
	}
}

// statusNames are the states of goroutines that do not wait.
var statusNames = map[uint8]string{
	statusRunnable: "it is runnable", statusRunning: "it is running", statusSyscall: "it is in a system call",
	statusPreempted: "it was preempted",
	statusCopystack: "its stack moves", statusIdle: "it is about to start", statusDead: "it has ended",
	statusDeadExtra: "it has ended",
}

// doing says why a goroutine that is no candidate counts as live.
func (m *marker) doing(i int32) string {
	g, reason := &m.gs[i], m.reason(i)
	switch {
	case !g.waits():
		if s, ok := statusNames[g.status]; ok {
			return s
		}
		return "it is between two states"
	case strings.HasSuffix(reason, "(durable)"):
		return "it waits in a synctest bubble, which sees to it that it ends"
	case reason == "":
		return "why it waits is not known"
	}
	return "it waits for the runtime or the system: " + reason
}

// waitFor notes that a goroutine waits for what is at addr.
func (m *marker) waitFor(i int32, addr uint64) {
	id, ok := m.heap.id(addr)
	switch {
	case ok:
		m.waited.set(id)
		m.waiters = append(m.waiters, waiter{id, i})
	case m.global(addr):
		m.wake(i, causeGlobal)
	default:
		m.wake(i, causeOutside)
	}
}

// global reports whether an address is that of a variable.
func (m *marker) global(addr uint64) bool {
	return slices.ContainsFunc(m.modules, func(mod module) bool { return addr >= mod.lo && addr < mod.hi })
}

// coroSize is the size of runtime.coro, by which the functions of iter.Pull switch goroutines. It begins with the
// goroutine that waits: see GOROOT/src/runtime/coro.go.
const coroSize = 32

// findObjects finds what goroutines wait for that do not name it: objects of a size from least to most that have the
// goroutine in a field. For a Cond before Go 1.26 they are the sudogs, by their g's: what can reach the Cond reaches
// its list, and so the sudog. For coroutines they are the coros.
func (m *marker) findObjects(waiting map[uint64]int32, least, most uint64, field Field) {
	type found struct {
		g    int32
		addr uint64
	}
	var list []found
	for i := range m.heap.spans {
		sp := &m.heap.spans[i]
		if sp.noscan || sp.elem < least || sp.elem > most {
			continue
		}
		for idx := uint32(0); idx < sp.nelems; idx++ {
			if !sp.used(idx) {
				continue
			}
			if g, ok := waiting[field.get(sp.bytes(idx))]; ok {
				list = append(list, found{g, sp.start + uint64(idx)*sp.elem})
			}
		}
	}
	slices.SortFunc(list, func(a, b found) int { return cmp.Or(cmp.Compare(a.g, b.g), cmp.Compare(a.addr, b.addr)) })
	for _, f := range list {
		m.waitFor(f.g, f.addr)
		w := &m.waits[f.g]
		if w.n == 0 {
			w.first = uint32(len(m.waitObjs))
		}
		w.n++
		m.waitObjs = append(m.waitObjs, waitObject{f.addr, f.addr})
	}
	for _, g := range waiting {
		if m.waits[g].n == 0 {
			m.wake(g, causeNotFound)
		}
	}
}
