package reach

import (
	"cmp"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// States are the goroutines of a program with their stacks, without its heap. They need neither debug information nor
// symbols.
type States struct {
	list []State // made when it is first needed
	c    *Capture
	code *codeTable
}

// A State is what the runtime says of one goroutine.
type State struct {
	// Goroutine has its ID, State, Reason, CreatedBy and ThreadID.
	snapshot.Goroutine
	// Start is the function that it began with.
	Start string
	// Parks counts, modulo 256, how often it has left its processor.
	Parks uint8

	index int32
}

// AllocateStacks provides the memory that CaptureStacks will need.
func (p *Plan) AllocateStacks() {
	if p.bufs == nil {
		t := &p.trial
		n := t.stacks + uint64(t.goroutines)*p.o.g.size
		p.provide(n+n/64, t.stacks/8+2<<20)
		p.allocateGoroutines()
	}
}

// CaptureStacks copies the goroutines and their stacks. The program must stand still from before it is called until it
// has returned.
func (p *Plan) CaptureStacks() (*States, error) {
	threads, err := p.src.Threads()
	if err != nil {
		return nil, err
	}
	c := &Capture{Plan: p}
	for i := range threads {
		c.threads = append(c.threads, thread{Thread: threads[i]})
	}
	fresh := p.fresh
	fresh.reset()
	fresh.src = p.src // a Capture that was given up has left another
	if err := c.copyDescriptors(fresh); err != nil {
		return nil, err
	}
	list, current, err := c.readMachines(fresh)
	if err != nil {
		return nil, err
	}
	if err := c.readGoroutines(fresh, current); err != nil {
		return nil, err
	}
	if err := c.readThreads(fresh, list, current); err != nil {
		return nil, err
	}
	if err := c.readStacks(); err != nil {
		return nil, err
	}
	p.trim()
	return c.States(), nil
}

// States returns the goroutines of c with their stacks, until [Result.Release] drops these.
func (c *Capture) States() *States { return &States{c: c, code: newCodeTable(c.code, c.o, c.modules)} }

// copyDescriptors copies all g's: one by one they would take too long.
func (c *Capture) copyDescriptors(fresh *reader) error {
	list, err := goroutineList(fresh, c.addr.Allgs)
	if err != nil {
		return err
	}
	d, size := &c.descriptors, c.o.g.size
	d.addrs = make([]uint64, len(list)/8)
	for i := range d.addrs {
		d.addrs[i] = le64(list[i*8:])
	}
	slices.Sort(d.addrs)
	all := c.take(uint64(len(d.addrs)) * size)
	d.bytes = make([][]byte, len(d.addrs))
	for i := range d.bytes {
		d.bytes[i] = all[uint64(i)*size:][:size:size]
	}
	for _, i := range c.src.ReadMany(d.bytes, d.addrs) {
		d.bytes[i] = nil
	}
	return nil
}

// descriptors are copied g's.
type descriptors struct {
	addrs []uint64 // sorted
	bytes [][]byte // nil: it could not be read
	last  int      // the one that was asked for last: the next in memory is often the next that is wanted
}

// view returns n bytes at addr of a g, or nil.
func (d *descriptors) view(addr, n uint64) []byte {
	i := d.last + 1
	if i >= len(d.addrs) || d.addrs[i] != addr {
		var ok bool
		if i, ok = slices.BinarySearch(d.addrs, addr); !ok {
			i--
		}
	}
	if i < 0 || i >= len(d.addrs) {
		return nil
	}
	d.last = i
	from := addr - d.addrs[i]
	if b := d.bytes[i]; from <= uint64(len(b)) && n <= uint64(len(b))-from {
		return b[from:][:n:n]
	}
	return nil
}

// List returns the goroutines, sorted by ID. The caller must not change the slice. The program may have gone on.
func (s *States) List() []State {
	if s.list != nil {
		return s.list
	}
	for i := range s.c.gs {
		if g := &s.c.gs[i]; g.alive() && g.id != 0 {
			s.list = append(s.list, s.state(int32(i)))
		}
	}
	slices.SortFunc(s.list, func(a, b State) int { return cmp.Compare(a.ID, b.ID) })
	return s.list
}

// HasParks reports whether Parks is known.
func (s *States) HasParks() bool { return s.c.o.g.parks.has() }

func (s *States) state(i int32) State {
	c, g := s.c, &s.c.gs[i]
	words := c.words(g)
	st := State{
		Goroutine: snapshot.Goroutine{ID: g.id, State: runtime.GState(uint32(g.status)), Reason: c.reason(i),
			Leaked: g.status == statusLeaked},
		Start: s.code.name(c.o.g.startpc.get(words)), Parks: uint8(c.o.g.parks.get(words)), index: i,
	}
	if m := c.o.g.m.get(words); m != 0 && !g.waits() && g.status != statusRunnable {
		if k := slices.Index(c.ms, m); k >= 0 {
			st.ThreadID = int(c.procids[k])
		}
	}
	if gopc := c.o.g.gopc.get(words); gopc != 0 && g.id != 1 {
		if list := s.code.places(gopc, false); len(list) > 0 {
			p := list[0]
			st.CreatedBy = &snapshot.Created{Goroutine: int64(c.o.g.parent.get(words)), Func: p.fn, File: p.file,
				Line: p.line}
		}
	}
	return st
}

// Stack returns at most depth frames of a goroutine, the innermost first; nil if they are not known.
func (s *States) Stack(id int64, depth int) []snapshot.Frame {
	k, ok := slices.BinarySearchFunc(s.List(), id, func(st State, id int64) int { return cmp.Compare(st.ID, id) })
	if !ok {
		return nil
	}
	g := &s.c.gs[s.list[k].index]
	if g.conservative && g.thread < 0 {
		return nil // where it was some time ago
	}
	var list []snapshot.Frame
	scan := stackScan{c: s.c, code: s.code, g: g, data: s.c.stack(g), found: func(uint64, uint64) {}}
	if scan.data == nil {
		return nil
	}
	exact := g.thread >= 0
	scan.onFrame = func(f frame) {
		for _, p := range s.code.places(f.pc, exact) {
			if len(list) < depth && p.file != "<autogenerated>" {
				list = append(list, snapshot.Frame{Func: p.fn, File: p.file, Line: p.line})
			}
		}
		exact = injected(f.info.name)
	}
	scan.walk(false)
	return list
}
