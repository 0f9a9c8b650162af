package record

import (
	"unsafe"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// test returns test n of the program, or nil if n is zero or the record has another one in its place.
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
	name, ok := cut(e.Name[:], 0, uint16(min(e.NameLen, uint32(len(e.Name)))))
	var t *snapshot.Test
	if ok && e.Number == n {
		t = &snapshot.Test{Number: int(n), Name: name, Goroutine: int64(e.Goid), Started: max(e.Started, 0), Running: e.State == runtime.TestRunning}
	}
	r.tests[n] = t
	return t
}

// testEntry returns the entry in which test n is, unless another one is there.
func (r *reader) testEntry(n uint32) (e runtime.TestEntry, err error) {
	off := uint64(r.h.TestOff)*pageSize + uint64((n-1)%r.h.TestCap)*runtime.TestSize
	b, err := r.table(off, runtime.TestSize)
	if err != nil {
		return e, err
	}
	return load[runtime.TestEntry](b), nil
}

// Coming reports whether more goroutines were started for test n, which has not ended, than have come to a probe. Some of those may have ended, or have
// no probe. The others are in a snapshot that is made later.
func (r *Record) Coming(n int) bool {
	h, err := readHeader(r.src)
	if err != nil || n == 0 || h.TestCap == 0 {
		return false
	}
	e, err := newReader(r.src, h, 0).testEntry(uint32(n))
	return err == nil && e.Number == uint32(n) && int32(e.Spawned-e.Arrived) > 0
}

// AddStates adds to s, a snapshot of the record of a program that runs, the states of its goroutines that have reached a probe, and removes those that
// have exited. They are read from the program's memory, without stopping it and without its debug information. If it cannot be
// read, AddStates changes nothing and says so.
func (r *Record) AddStates(s *snapshot.Snapshot) (ok bool) {
	var live []snapshot.Goroutine
	err := r.eachSlot(func(h *runtime.Header, b []byte) {
		slot := load[runtime.Slot](b)
		if slot.Goid == 0 || slot.Seq%2 == 1 {
			return
		}
		state, known := r.gState(h, slot.G, slot.Goid)
		ok = ok || known
		if known && runtime.GAlive(state) {
			live = append(live, snapshot.Goroutine{ID: int64(slot.Goid), State: runtime.GState(state)})
		}
	})
	if err != nil || !ok {
		return false
	}
	reached := make(map[int64]bool, len(s.Goroutines))
	for i := range s.Goroutines {
		reached[s.Goroutines[i].ID] = true
	}
	kept := live[:0]
	for _, g := range live { // what has come since is of a later moment
		if reached[g.ID] {
			kept = append(kept, g)
		}
	}
	Join(s, kept)
	return true
}

// gState returns the state of the g at an address, and whether it can be read. It is dead if the g belongs to another goroutine now.
func (r *Record) gState(h *runtime.Header, g, goid uint64) (state uint32, ok bool) {
	if h.GoidOff < 8 {
		return 0, false
	}
	b := make([]byte, unsafe.Sizeof(uint64(0))*2)
	if r.ReadMemory(b, g+uint64(h.GoidOff)-8) != nil {
		return 0, false
	}
	if load[uint64](b[8:]) != goid {
		return runtime.GDead, true
	}
	return load[uint32](b), true
}
