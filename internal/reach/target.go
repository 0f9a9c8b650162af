package reach

import (
	"cmp"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A Kind says what a goroutine waits on.
type Kind uint8

// The kinds of Target.
const (
	Other Kind = iota
	Chan
	Mutex
	RWMutex
	WaitGroup
	Cond
	Once
)

// A Target is what a goroutine waits on.
type Target struct {
	Addr uint64 // zero: unknown, or a nil channel
	Kind Kind
	Send bool   // of a channel
	Type string // empty: unknown
	Name string // by the path from a variable; empty: unknown
	// Len and Cap are those of a channel; -1: unknown.
	Len, Cap int
	// Near lists goroutines that have the address on their stack in a function that locks. For a Once it is the one that
	// runs the function.
	Near []Near
}

// A Near is a goroutine that has the address of a lock on its stack, and where it stands in the function that has it.
type Near struct {
	Goroutine int64
	PC        uint64
}

// targets returns what goroutine g waits on, the cases of a select in the order of the source as far as it is known.
func (r *Result) targets(g int32) []Target {
	w := &r.m.waits[g]
	switch {
	case !w.candidate:
		return nil
	case w.never:
		if reason := r.m.reason(g); strings.HasPrefix(reason, "chan") {
			return []Target{{Kind: Chan, Send: reason == "chan send (nil chan)", Len: -1, Cap: -1}}
		}
		return nil
	case r.m.kind(g) == reasonChan:
		return r.channels(g)
	}
	t := r.lock(g)
	if t.Addr != 0 {
		t.Name = r.name(g, r.m.objs(g)[0].addr, t.Addr)
		switch t.Kind {
		case Mutex, RWMutex:
			t.Near = r.near(t.Addr)
		case Once:
			t.Near = r.runs(t.Addr)
			if slices.ContainsFunc(r.m.code.places(r.standsAt(g), false),
				func(p place) bool { return snapshot.OnceFunc(p.file) }) { // it has no name in the user's source
				t.Name = ""
			}
		}
	}
	return []Target{t}
}

// channels returns the channels that g waits on.
func (r *Result) channels(g int32) []Target {
	m := r.m
	objs := m.objs(g)
	if len(objs) > 1 {
		objs = r.sourceOrder(g, objs)
	}
	list := make([]Target, 0, len(objs))
	for _, o := range objs {
		t := Target{Addr: o.addr, Kind: Chan, Len: -1, Cap: -1}
		b := m.channel(o.addr)
		switch m.reason(g) {
		case "chan send":
			t.Send = true
		case "select":
			t.Send = r.sends(b, o.sudog)
		}
		if b != nil {
			t.Len, t.Cap = int(m.o.hchan.count.get(b)), int(m.o.hchan.dataqsiz.get(b))
			if name := r.typeName(m.o.hchan.elemtype.get(b)); name != "" {
				t.Type = "chan " + parenthesized(name)
			}
		}
		t.Name = r.name(g, o.addr, o.addr)
		list = append(list, t)
	}
	return list
}

// parenthesized puts a type in parentheses that could be misread behind "chan".
func parenthesized(name string) string {
	if strings.HasPrefix(name, "<-chan") {
		return "(" + name + ")"
	}
	return name
}

// sends reports whether a sudog is in the queue of senders of the channel with bytes b.
func (r *Result) sends(b []byte, sudog uint64) bool {
	m := r.m
	for sg, n := m.o.hchan.sendq.get(b), 0; sg != 0 && n < maxList; n++ {
		if sg == sudog {
			return true
		}
		s := m.view(sg, m.o.sudog.size)
		if s == nil {
			break
		}
		sg = m.o.sudog.next.get(s)
	}
	return false
}

// sourceOrder sorts the cases of a select as in the source, sends before receives. The runtime sorts them by address,
// but the array that the compiler made is still on the stack: pairs of a channel and an element, first the sends in
// their order, then the receives in the opposite order.
func (r *Result) sourceOrder(g int32, objs []waitObject) []waitObject {
	m := r.m
	gr := &m.gs[g]
	data := m.stack(gr)
	var at map[uint64]int
	for _, f := range m.frames(gr) {
		if !f.info.own {
			continue
		}
		if f.sp >= gr.from() && f.fp <= gr.hi() {
			at = findCases(data[f.sp-gr.from():f.fp-gr.from()], objs, gr.lo, gr.hi())
		}
		break
	}
	if at == nil {
		return objs
	}
	key := func(o waitObject) int {
		if r.sends(m.channel(o.addr), o.sudog) {
			return at[o.addr] - len(data)
		}
		return -at[o.addr]
	}
	objs = slices.Clone(objs)
	slices.SortStableFunc(objs, func(a, b waitObject) int { return cmp.Compare(key(a), key(b)) })
	return objs
}

// maxNil bounds the search for cases with a nil channel, which the runtime leaves out.
const maxNil = 4

// findCases finds the array of cases in a frame, and returns the place of each channel in it. lo and hi are the bounds
// of the stack. An element is on the stack or nil; if that finds no array, elements may be anywhere.
func findCases(b []byte, objs []waitObject, lo, hi uint64) map[uint64]int {
	want := make(map[uint64]bool)
	for _, o := range objs {
		want[o.addr] = true
	}
	for _, strict := range []bool{true, false} {
		for n := len(objs); n <= len(objs)+maxNil; n++ {
			for from := 0; from+n*16 <= len(b); from += 8 {
				found := make(map[uint64]int)
				for o := from; o < from+n*16; o += 16 {
					c, elem := le64(b[o:]), le64(b[o+8:])
					if c != 0 && !want[c] || strict && elem != 0 && (elem < lo || elem >= hi) {
						break
					}
					if c != 0 {
						found[c] = o
					}
				}
				if len(found) == len(want) {
					return found
				}
			}
		}
	}
	return nil
}

// lock returns the lock, WaitGroup or Cond that g waits on. The runtime knows a semaphore only, or a list of waiters;
// the function that waits shows which kind of object it is.
func (r *Result) lock(g int32) Target {
	m := r.m
	fns := r.parking(g)
	has := func(names ...string) bool {
		return slices.ContainsFunc(fns, func(fn string) bool { return slices.Contains(names, fn) })
	}
	t := Target{Len: -1, Cap: -1}
	var off uint64 // of the semaphore in the object
	mutex := has("sync.(*Mutex).lockSlow", "internal/sync.(*Mutex).lockSlow", "sync.(*Mutex).Lock",
		"internal/sync.(*Mutex).Lock")
	switch {
	case has("sync.(*Cond).Wait"):
		t.Kind, t.Type, off = Cond, "sync.Cond", 16
	case has("sync.(*WaitGroup).Wait"):
		t.Kind, t.Type, off = WaitGroup, "sync.WaitGroup", 8
	case has("sync.(*RWMutex).RLock"):
		t.Kind, t.Type, off = RWMutex, "sync.RWMutex", 12
	case has("sync.(*RWMutex).Lock"):
		t.Kind, t.Type, off = RWMutex, "sync.RWMutex", 8
		if mutex {
			off = 4
		}
	case has(snapshot.DoSlow):
		t.Kind, t.Type, off = Once, "sync.Once", 8
	case mutex:
		t.Kind, t.Type, off = Mutex, "sync.Mutex", 4
	}
	if objs := m.objs(g); len(objs) > 0 {
		t.Addr = objs[0].addr - off
		if t.Kind == Cond && objs[0].addr == objs[0].sudog {
			t.Addr = 0 // found by its sudog: the Cond is not known
		}
	}
	return t
}

// parking returns the functions of the runtime and of package sync that g is in, the innermost first, and the one that
// called them.
func (r *Result) parking(g int32) []string {
	var fns []string
	for _, f := range r.m.frames(&r.m.gs[g]) {
		if f.info.own {
			for _, p := range r.m.code.places(f.pc, false) { // what is inlined
				if isRuntime(p.fn) {
					fns = append(fns, p.fn)
				}
			}
			break
		}
		for _, p := range r.m.code.places(f.pc, false) {
			fns = append(fns, p.fn)
		}
	}
	return fns
}

// targetAddr returns the address of the i-th object that g waits for: not that of its semaphore.
func (r *Result) targetAddr(g int32, i int) uint64 {
	if r.m.kind(g) == reasonChan {
		return r.m.objs(g)[i].addr
	}
	return r.lock(g).Addr
}
