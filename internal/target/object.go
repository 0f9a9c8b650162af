package target

import (
	"github.com/awaittrace/awaittrace/runtime"
)

// maxQueue bounds the goroutines in a list of a channel's queue.
const maxQueue = 1000

// An Object is what the program's memory says of an object. Fields that its kind does not have are zero.
type Object struct {
	// Len and Cap are those of a channel.
	Len, Cap int
	Closed   bool
	// Stopped is set if the channel belongs to a stopped timer.
	Stopped bool
	// Receivers and Senders are the goroutines that wait in a channel's queues, in order, at most 1,000 each. More is
	// set if there are others.
	Receivers, Senders []int64
	More               bool
	// Locked is set if a Mutex is locked, or an RWMutex for writing. Readers is the number of read locks of an RWMutex.
	Locked  bool
	Readers int
	// Count is the counter of a WaitGroup.
	Count int
	// Waiters is the number of goroutines that wait for a Mutex, RWMutex, WaitGroup or Cond.
	Waiters int
}

// readObjects reads the objects with an address and a known kind. It leaves out what does not look like such an object:
// the record that named it may be out of date.
func (s *session) readObjects(res *Result, refs []Ref) {
	res.Objects = make(map[Ref]Object)
	ids := make(map[uint64]int64, len(s.gs))
	if len(refs) > 0 {
		for i := range s.gs {
			ids[s.gs[i].addr] = s.gs[i].id
		}
	}
	r := objectReader{s: s, ids: ids, layout: layout{bi: s.bi}}
	for _, ref := range refs {
		if _, done := res.Objects[ref]; done || ref.Addr == 0 || s.late() {
			continue
		}
		if o, ok := r.object(ref); ok {
			res.Objects[ref] = o
		}
	}
}

// An objectReader reads objects. ids has the goroutines by the address of their g.
type objectReader struct {
	layout
	s   *session
	ids map[uint64]int64
}

// object reads one object.
func (r *objectReader) object(ref Ref) (Object, bool) {
	switch ref.Kind {
	case runtime.KindChan:
		return r.channel(ref.Addr)
	case runtime.KindMutex:
		return r.mutex(ref.Addr)
	case runtime.KindRWMutex:
		return r.rwMutex(ref.Addr)
	case runtime.KindWaitGroup:
		return r.waitGroup(ref.Addr)
	case runtime.KindCond:
		return r.cond(ref.Addr)
	}
	return Object{}, false
}

// fields reads the fields of a struct of type typ at addr; each of paths leads to one, with alternatives for Go
// versions that have it elsewhere. It fails if a field or the memory does not exist.
func (r *objectReader) fields(typ string, addr uint64, paths ...[][]string) ([]uint64, bool) {
	whole, ok := r.maybe(typ)
	if !ok {
		return nil, false
	}
	b := make([]byte, whole.size)
	if readFull(r.s.mem, b, addr) != nil {
		return nil, false
	}
	values := make([]uint64, len(paths))
	for i, alternatives := range paths {
		found := false
		for _, path := range alternatives {
			if f, ok := r.maybe(typ, path...); ok {
				values[i], found = f.uint(b), true
				break
			}
		}
		if !found {
			return nil, false
		}
	}
	return values, true
}

// way returns the path of a field that all Go versions have in one place.
func way(path ...string) [][]string { return [][]string{path} }

// channel reads a channel: GOROOT/src/runtime/chan.go.
func (r *objectReader) channel(addr uint64) (Object, bool) {
	v, ok := r.fields("runtime.hchan", addr, way("qcount"), way("dataqsiz"), way("closed"), way("recvq", "first"),
		way("sendq", "first"))
	if !ok || v[0] > v[1] || v[1] > 1<<40 || v[2] > 1 {
		return Object{}, false
	}
	o := Object{Len: int(v[0]), Cap: int(v[1]), Closed: v[2] == 1, Stopped: r.stopped(addr)}
	var more1, more2 bool
	o.Receivers, more1 = r.queue(v[3])
	o.Senders, more2 = r.queue(v[4])
	o.More = more1 || more2
	return o, true
}

// stopped reports whether the channel at addr belongs to a timer that will not fire, because it was stopped, or has
// fired. Before Go 1.23 a channel does not refer to its timer.
func (r *objectReader) stopped(addr uint64) bool {
	v, ok := r.fields("runtime.hchan", addr, way("timer"))
	if !ok || v[0] == 0 {
		return false
	}
	timer, ok := r.fields("runtime.timer", v[0], way("when"))
	return ok && timer[0] == 0
}

// queue returns the goroutines in the list that begins with the sudog at addr, each once, even if its select has the
// channel twice.
func (r *objectReader) queue(addr uint64) (ids []int64, more bool) {
	g, next := r.s.g.sudogG, r.s.g.sudogNext
	b := make([]byte, max(g.offset+g.size, next.offset+next.size))
	for n := 0; addr != 0; n++ {
		if n == maxQueue {
			return ids, true
		}
		if readFull(r.s.mem, b, addr) != nil {
			break
		}
		if id := r.ids[g.uint(b)]; id != 0 && (len(ids) == 0 || ids[len(ids)-1] != id) {
			ids = append(ids, id)
		}
		addr = next.uint(b)
	}
	return ids, false
}

// mutex reads a sync.Mutex. The lowest bit of its state is the lock, and the number of waiters starts at the fourth:
// see GOROOT/src/internal/sync/mutex.go.
func (r *objectReader) mutex(addr uint64) (Object, bool) {
	v, ok := r.fields("sync.Mutex", addr, [][]string{{"mu", "state"}, {"state"}})
	if !ok {
		return Object{}, false
	}
	return Object{Locked: v[0]&1 != 0, Waiters: int(uint32(v[0]) >> 3)}, true
}

// rwMutex reads a sync.RWMutex: see its fields in GOROOT/src/sync/rwmutex.go. Writers that queue behind another wait
// for the Mutex inside it.
func (r *objectReader) rwMutex(addr uint64) (Object, bool) {
	const maxReaders = 1 << 30
	v, ok := r.fields("sync.RWMutex", addr,
		[][]string{{"readerCount", "v"}, {"readerCount"}}, [][]string{{"readerWait", "v"}, {"readerWait"}},
		[][]string{{"w", "mu", "state"}, {"w", "state"}})
	if !ok {
		return Object{}, false
	}
	count, wait, writers := int(int32(v[0])), int(int32(v[1])), int(uint32(v[2])>>3)
	switch {
	case count >= 0:
		return Object{Readers: count, Waiters: writers}, true
	case wait > 0: // a writer waits for the readers that were there before it
		return Object{Readers: wait, Waiters: count + maxReaders - wait + 1 + writers}, true
	}
	return Object{Locked: true, Waiters: count + maxReaders + writers}, true
}

// waitGroup reads a sync.WaitGroup. The upper half of its state is the counter. The lower half is the number of
// waiters, without a bit that Go 1.25 has taken.
func (r *objectReader) waitGroup(addr uint64) (Object, bool) {
	v, ok := r.fields("sync.WaitGroup", addr, [][]string{{"state", "v"}, {"state"}})
	if !ok {
		return Object{}, false
	}
	return Object{Count: int(int32(v[0] >> 32)), Waiters: int(v[0] & (1<<31 - 1))}, true
}

// cond reads a sync.Cond: the tickets given to waiters, and the next to be notified.
func (r *objectReader) cond(addr uint64) (Object, bool) {
	v, ok := r.fields("sync.Cond", addr, [][]string{{"notify", "wait"}}, [][]string{{"notify", "notify"}})
	if !ok {
		return Object{}, false
	}
	return Object{Waiters: int(uint32(v[0]) - uint32(v[1]))}, true
}
