package record

import (
	"cmp"
	"errors"
	"slices"
	"unsafe"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// test returns test n of the program, or nil if n is zero or the record has another test in its place.
func (r *reader) test(n uint32) *snapshot.Test {
	if n == 0 || r.h.TestCap == 0 {
		return nil
	}
	if t, ok := r.tests[n]; ok {
		return t
	}
	if r.tests == nil {
		r.tests = make(map[uint32]*snapshot.Test)
	}
	e, err := r.testEntry(n)
	if err != nil {
		r.drop(DroppedDamaged, 1)
		return nil
	}
	name, ok := cut(e.Name[:], 0, uint16(min(e.NameLen, uint32(len(e.Name)))), false)
	var t *snapshot.Test
	if ok && e.Number == n {
		t = &snapshot.Test{
			Number: int(n), Name: name, Goroutine: int64(e.Goid),
			Started: max(e.Started, 0), Running: e.State == runtime.TestRunning,
		}
	}
	r.tests[n] = t
	return t
}

// testEntry returns the entry at the place of test n, which may be another test's.
func (r *reader) testEntry(n uint32) (e runtime.TestEntry, err error) {
	off := uint64(r.h.TestOff)*pageSize + uint64((n-1)%r.h.TestCap)*runtime.TestSize
	b, err := r.table(off, runtime.TestSize)
	if err != nil {
		return e, err
	}
	return load[runtime.TestEntry](b), nil
}

// AddStates adds to s, a snapshot of the record of a running program, the states and creators of its goroutines, and
// removes those that have exited. It adds the goroutines of tests that have reached no probe, if the program's list of
// goroutines is known. It reads all this from the program's memory, without stopping it and without its debug
// information. If that cannot be read, AddStates changes nothing and returns false.
func (r *Record) AddStates(s *snapshot.Snapshot) (ok bool) {
	h, err := readHeader(r.src)
	if err != nil {
		return false
	}
	live, err := r.allGoroutines(&h, s)
	if err != nil {
		live, err = r.slotGoroutines()
	}
	if err != nil || len(live) == 0 {
		return false
	}
	byID := func(a, b snapshot.Goroutine) int { return cmp.Compare(a.ID, b.ID) }
	if !slices.IsSortedFunc(live, byID) {
		slices.SortFunc(live, byID)
	}
	s.Join(snapshot.Each(live))
	return true
}

// slotGoroutines returns the live goroutines that have reached a probe.
func (r *Record) slotGoroutines() (live []snapshot.Goroutine, err error) {
	err = r.eachSlot(func(h *runtime.Header, b []byte) {
		slot := load[runtime.Slot](b)
		if slot.Goid == 0 || slot.Seq%2 == 1 {
			return
		}
		if state, known := r.gState(h, slot.G, slot.Goid); known && runtime.GAlive(state) {
			live = append(live, snapshot.Goroutine{ID: int64(slot.Goid), State: runtime.GState(state)})
		}
	})
	return live, err
}

// A gWords is the part of a g that is read.
type gWords struct {
	id, parent uint64
	state      uint32
}

const (
	maxAllGs = 1 << 24
	// maxAncestors bounds the search for an ancestor whose test is known.
	maxAncestors = 64
)

// readGs reads all g's of the program, including those that have exited. The list only grows, so its length, which is
// read first, is valid.
func (r *Record) readGs(h *runtime.Header) ([]gWords, error) {
	if h.AllgPtr == 0 || h.ParentOff <= h.GoidOff || h.GoidOff < 8 || h.ParentOff-h.GoidOff > pageSize {
		return nil, errNoGoroutines
	}
	word := make([]byte, 8)
	if err := r.ReadMemory(word, h.AllgLen); err != nil {
		return nil, err
	}
	n := load[uint64](word)
	if err := r.ReadMemory(word, h.AllgPtr); err != nil {
		return nil, err
	}
	if n == 0 || n > maxAllGs {
		return nil, errNoGoroutines
	}
	list := make([]byte, n*8)
	if err := r.ReadMemory(list, load[uint64](word)); err != nil {
		return nil, err
	}
	addrs := make([]uint64, n)
	for i := range addrs {
		addrs[i] = load[uint64](list[i*8:])
	}
	slices.Sort(addrs)
	parent := h.ParentOff - h.GoidOff + 8
	all := make([]gWords, 0, n)
	var b []byte
	for i, end := 0, 0; i < len(addrs); i = end {
		first := addrs[i]
		end = together(addrs, i)
		b = slices.Grow(b[:0], int(addrs[end-1]-first)+int(parent)+8)[:addrs[end-1]-first+uint64(parent)+8]
		if err := r.ReadMemory(b, first+uint64(h.GoidOff)-8); err != nil {
			return nil, err
		}
		for _, a := range addrs[i:end] {
			words := b[a-first:]
			if g := (gWords{load[uint64](words[8:]), load[uint64](words[parent:]), load[uint32](words)}); g.id != 0 {
				all = append(all, g)
			}
		}
	}
	return all, nil
}

// together returns the end of the addresses from i on that one reading takes. They are sorted. Two that are less than a
// page apart have no page between them, which might not be there.
func together(addrs []uint64, i int) int {
	const most = 1 << 16
	end := i + 1
	for end < len(addrs) && addrs[end]-addrs[end-1] < pageSize && addrs[end]-addrs[i] < most {
		end++
	}
	return end
}

var errNoGoroutines = errors.New("the list of goroutines is not known")

// allGoroutines returns the live goroutines that have reached a probe, as s has them, or belong to a test. It leaves
// out those that have come to their first probe since s.
func (r *Record) allGoroutines(h *runtime.Header, s *snapshot.Snapshot) ([]snapshot.Goroutine, error) {
	all, err := r.readGs(h)
	if err != nil {
		return nil, err
	}
	table, err := r.src.region(uint64(h.GoidsOff)*pageSize, uint64(h.GoidsCap)*8)
	if err != nil {
		return nil, err
	}
	of := &testsOf{
		table: table, parents: make(map[uint64]uint64, len(all)), slots: make(map[uint64]uint32, len(s.Goroutines)),
	}
	for _, g := range all {
		of.parents[g.id] = g.parent
	}
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		of.slots[uint64(g.ID)] = 0
		if g.Test != nil {
			of.slots[uint64(g.ID)] = uint32(g.Test.Number)
		}
	}
	tests := newReader(r.src, *h, 0)
	known := make(map[int]*snapshot.Test)
	for i := range s.Goroutines {
		if t := s.Goroutines[i].Test; t != nil {
			known[t.Number] = t
		}
	}
	var live []snapshot.Goroutine
	for _, g := range all {
		if !runtime.GAlive(g.state) {
			continue
		}
		l := snapshot.Goroutine{ID: int64(g.id), State: runtime.GState(g.state)}
		if g.parent != 0 {
			l.CreatedBy = &snapshot.Created{Goroutine: int64(g.parent)}
		}
		if _, reached := of.slots[g.id]; !reached {
			n := of.test(g.id, maxAncestors)
			if n == 0 {
				continue // the runtime's, or unrelated to tests
			}
			if l.Test = known[int(n)]; l.Test == nil {
				l.Test = tests.test(n)
				known[int(n)] = l.Test
			}
			if l.Test == nil {
				continue
			}
		}
		live = append(live, l)
	}
	return live, nil
}

// testsOf finds the test that a goroutine belongs to, as testOf of the collector does.
type testsOf struct {
	table   []byte            // of the record
	parents map[uint64]uint64 // the creator of each goroutine whose g tells it
	slots   map[uint64]uint32 // the tests of goroutines that have reached a probe
}

func (t *testsOf) test(goid uint64, depth int) uint32 {
	if n := len(t.table) / 8; n > 0 {
		if e := load[uint64](t.table[goid%uint64(n)*8:]); e>>runtime.TestBits == goid {
			return uint32(e & (1<<runtime.TestBits - 1))
		}
	}
	if n, ok := t.slots[goid]; ok {
		return n
	}
	if parent := t.parents[goid]; parent != 0 && depth > 0 {
		return t.test(parent, depth-1)
	}
	return 0
}

// gState returns the state of the g at an address, and whether it can be read. The state is dead if the g belongs to
// another goroutine now.
func (r *Record) gState(h *runtime.Header, g, goid uint64) (state uint32, ok bool) {
	const word = unsafe.Sizeof(goid)
	if h.GoidOff < runtime.GThread+2*uint32(word) || h.GoidOff > pageSize {
		return 0, false
	}
	b := make([]byte, h.GoidOff+uint32(word))
	if r.ReadMemory(b, g) != nil {
		return 0, false
	}
	if load[uint64](b[h.GoidOff:]) != goid {
		return runtime.GDead, true
	}
	state = load[uint32](b[h.GoidOff-8:])
	if state&^runtime.GScan == runtime.GWaiting && r.isThread(load[uint64](b[runtime.GThread:])) {
		return runtime.GRunnable, true // it stops the world or helps the garbage collector, and then goes on
	}
	return state, true
}

// isThread reports whether there is a thread, the runtime's m, at an address.
func (r *Record) isThread(m uint64) bool {
	b := make([]byte, unsafe.Sizeof(m))
	return m != 0 && r.ReadMemory(b, m) == nil && r.ReadMemory(b, load[uint64](b)+runtime.GThread) == nil &&
		load[uint64](b) == m
}
