package target

import (
	"github.com/awaittrace/awaittrace/runtime"
)

// An Object is what the program's memory says of a channel or a WaitGroup. Fields that its kind does not have are zero.
type Object struct {
	// Len and Cap are those of a channel.
	Len, Cap int
	Closed   bool
	// Stopped is set if the channel belongs to a stopped timer.
	Stopped bool
	// Count is the counter of a WaitGroup.
	Count int
}

// readObjects reads the channels and WaitGroups of refs. It leaves out what does not look like one: the record that
// named it may be out of date.
func (s *session) readObjects(res *Result, refs []Ref) {
	res.Objects = make(map[Ref]Object)
	r := objectReader{s: s, layout: layout{bi: s.bi}}
	for _, ref := range refs {
		if _, done := res.Objects[ref]; done || ref.Addr == 0 || s.late() {
			continue
		}
		if o, ok := r.object(ref); ok {
			res.Objects[ref] = o
		}
	}
}

// An objectReader reads objects.
type objectReader struct {
	layout
	s *session
}

// object reads one object.
func (r *objectReader) object(ref Ref) (Object, bool) {
	switch ref.Kind {
	case runtime.KindChan:
		return r.channel(ref.Addr)
	case runtime.KindWaitGroup:
		return r.waitGroup(ref.Addr)
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
	v, ok := r.fields("runtime.hchan", addr, way("qcount"), way("dataqsiz"), way("closed"))
	if !ok || v[0] > v[1] || v[1] > 1<<40 || v[2] > 1 {
		return Object{}, false
	}
	return Object{Len: int(v[0]), Cap: int(v[1]), Closed: v[2] == 1, Stopped: r.stopped(addr)}, true
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

// waitGroup reads a sync.WaitGroup. The upper half of its state is the counter.
func (r *objectReader) waitGroup(addr uint64) (Object, bool) {
	v, ok := r.fields("sync.WaitGroup", addr, [][]string{{"state", "v"}, {"state"}})
	if !ok {
		return Object{}, false
	}
	return Object{Count: int(int32(v[0] >> 32))}, true
}
