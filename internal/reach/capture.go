package reach

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// A Plan prepares a Capture while the program still runs.
type Plan struct {
	src     Source
	prog    *Program
	o       *offsets
	addr    Addresses // where the program has been loaded
	bias    uint64
	code    *reader // what never changes: tables and constants
	modules []module
	reasons []string
	kinds   []reasonKind // of the reasons
	fresh   *reader      // what changes; its memory is reused
	heap    heap         // as it was; its memory is reused
	gs      []goroutine  // as they were: some or all; their memory is reused
	given   givenGs
	waiting []uint64 // until Capture is done: the first sudog of each of gs
	trial   trial
	// ready is the rest of the memory that costs no page faults, and bufs all of that memory, to be freed.
	ready []byte
	bufs  [][]byte
}

// newPlan returns a Plan that knows only where the program's variables are.
func newPlan(src Source, prog *Program) (*Plan, error) {
	if prog.Layout == nil {
		return nil, errors.New("the memory layout of the program's version of Go is not known")
	}
	if err := prog.Layout.Check(); err != nil {
		return nil, err
	}
	p := &Plan{src: src, prog: prog, o: newOffsets(prog.Layout), addr: prog.Addresses, code: newReader(src)}
	if prog.PIE {
		entry := src.Entry()
		if entry == 0 {
			return nil, errors.New("the program's load address is not known")
		}
		p.bias = entry - prog.Entry
		for _, a := range p.addr.byName() {
			if *a != 0 {
				*a += p.bias
			}
		}
	}
	if p.addr.missing(prog.Layout) != nil {
		if err := findAddresses(src, prog, p.o, p.bias, &p.addr); err != nil {
			return nil, err
		}
		if err := p.addr.missing(prog.Layout); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Prepare reads what never changes, and allocates memory for the rest, while the program still runs.
func Prepare(src Source, prog *Program) (*Plan, error) {
	p, err := newPlan(src, prog)
	if err != nil {
		return nil, err
	}
	if p.modules, err = readModules(p.code, p.o, p.addr.Firstmoduledata); err != nil {
		return nil, err
	}
	if p.readReasons(); len(p.reasons) == 0 {
		return nil, errors.New("the runtime's reasons to wait cannot be read")
	}
	// The reader of what does not change has none of that yet.
	p.code = newReader(src)
	return p, p.try()
}

// maxReasons is more than any version of Go has.
const maxReasons = 128

// readReasons reads the texts of the runtime's wait reasons, which have no fixed numbers.
func (p *Plan) readReasons() {
	for i := uint64(0); i < maxReasons; i++ {
		at, n := p.code.u64(p.addr.WaitReasonStrings+i*16), p.code.u64(p.addr.WaitReasonStrings+i*16+8)
		if n > 64 {
			break
		}
		p.reasons = append(p.reasons, string(p.code.bytes(at, n)))
		p.kinds = append(p.kinds, reasonKinds[p.reasons[i]])
	}
}

// Allocate allocates the memory that Capture will need, so that the pause is not spent on page faults.
func (p *Plan) Allocate() {
	if p.bufs == nil {
		_, n := p.Estimate()
		p.allocate(n)
	}
}

func (p *Plan) allocate(n uint64) {
	p.provide(n+n/64, p.trial.stacks/8+4<<20)
	p.allocateGoroutines()
}

func (p *Plan) allocateGoroutines() {
	p.gs = slices.Grow(p.gs[:0], p.trial.goroutines+p.trial.goroutines/16+64)
	clear(p.gs[:cap(p.gs)])
	p.waiting = make([]uint64, cap(p.gs))
	clear(p.waiting) // or the system provides memory in the pause
	runtime.GC()     // or the garbage of the preparation is collected in the pause
}

// provide adds n bytes to what is ready, and more that cost page faults.
func (p *Plan) provide(n, more uint64) {
	p.trim()
	p.ready = roomAnd(int(n), int(more))
	p.bufs = append(p.bufs, p.ready)
}

// take returns n bytes for a copy.
func (p *Plan) take(n uint64) []byte {
	if n > uint64(len(p.ready)) {
		p.provide(max(n, 64<<20), 0)
	}
	b := p.ready[:n:n]
	p.ready = p.ready[n:]
	return b
}

// trim frees what was provided and not taken.
func (p *Plan) trim() {
	DropRoom(p.ready)
	p.ready = nil
}

// Close frees the memory. After it, nothing that came of the plan may be used.
func (p *Plan) Close() {
	for _, b := range p.bufs {
		FreeRoom(b)
	}
	p.bufs, p.ready = nil, nil
}

// A segment is a copied range of memory that is not of the heap.
type segment struct {
	lo, hi uint64
	data   []byte
}

// A Capture is the copy of a program, made while it stood still.
type Capture struct {
	*Plan
	heap     heap
	segments []segment // data and bss of the modules, sorted by address
	// descriptors are the g's, where the heap is not copied.
	descriptors descriptors
	threads     []thread
	gs          []goroutine
	byAddr      []int32 // the goroutines by the addresses of their g's
	byStack     []int32 // and by their stacks; see onStack
	ps, ms      []uint64
	procids     []uint64 // of ms: the IDs of their threads
	g0s         []uint64 // of all threads: g0 and gsignal
	stacks      []byte   // of goroutines; see goroutine.at
	native      []nativeStack
	specials    []special
	queued      []uint64 // words of cleanups that are about to run
	// finalizers are the words of finalizers that are about to run, by one goroutine.
	finalizers []uint64
	sema       []semaphoreWait // sorted by goroutine
	// awaited channels that were not copied with the heap, because their elements have no pointers
	channels []segment
	pinned   [][]byte  // pinner bits, by span; nil where it has none
	torn     bool      // a part of the memory could not be read
	until    time.Time // when it is given up; zero: never
	lately   [lately]unpacked
	last     int // the last of lately
	// Copied returns how many bytes were copied.
	Copied uint64
	// Steps returns how long each step of the pause took.
	Steps []Step
}

// A Step is a part of the pause.
type Step struct {
	Name string
	Took time.Duration
}

// Capture copies what is needed. It fails with ErrLate if that takes longer than limit; zero means no limit. The
// program must stand still during the call. Capture is called once.
func (p *Plan) Capture(limit time.Duration) (c *Capture, err error) {
	p.Allocate()
	c = &Capture{Plan: p, heap: p.heap}
	if limit > 0 {
		c.until = time.Now().Add(limit)
		src := p.src
		p.src = bounded{src, c.until}
		defer func() { p.src = src }()
	}
	c.heap.loose = false
	threads, err := p.src.Threads()
	if err != nil {
		return nil, err
	}
	for i := range threads {
		c.threads = append(c.threads, thread{Thread: threads[i]})
	}
	fresh := p.fresh
	fresh.reset()
	fresh.src = p.src
	var list []machine
	var current map[uint64]int32
	last := time.Now()
	for _, s := range []struct {
		name string
		run  func() error
	}{
		{"data and bss", func() error { return c.copyModules(fresh) }},
		{"spans", func() error {
			if err := c.heap.readSpans(fresh, p.o, p.addr.Mheap); err != nil {
				return err
			}
			c.heap.readAlloc(fresh)
			c.takeGiven()
			return nil
		}},
		{"heap", c.copyHeap},
		{"specials", func() error {
			c.readSpecials(fresh)
			c.readQueued(fresh)
			return nil
		}},
		{"goroutines", func() error {
			if list, current, err = c.readMachines(fresh); err != nil {
				return err
			}
			return c.readGoroutines(fresh, current)
		}},
		{"stacks", func() error {
			if err := c.readThreads(fresh, list, current); err != nil {
				return err
			}
			return c.readStacks()
		}},
		{"channels", c.readChannels},
	} {
		err := s.run()
		if c.late() {
			return nil, ErrLate
		}
		if err != nil {
			return nil, err
		}
		now := time.Now()
		c.Steps = append(c.Steps, Step{s.name, now.Sub(last)})
		last = now
	}
	if c.view(c.addr.Semtable, semaphoreRoots*c.o.semaStride) == nil {
		return nil, errNonsense("the table of semaphores", c.addr.Semtable)
	}
	if c.torn || fresh.bad > 0 {
		return nil, errors.New("a part of the program's memory is missing, and what it has could wake others")
	}
	p.trim()
	p.given.trim()
	p.fresh, p.waiting = nil, nil // what of it is still needed others have
	return c, nil
}

// copyHeap copies the spans with pointers that are not packed.
func (c *Capture) copyHeap() error {
	if err := c.heap.provide(c.src, c.take); err != nil {
		return err
	}
	c.Copied += c.heap.scan
	if bad := c.src.ReadMany(c.heap.bufs, c.heap.addrs); len(bad) > 0 {
		return fmt.Errorf("%d of %d parts of the heap cannot be read", len(bad), len(c.heap.bufs))
	}
	return nil
}

// copyModules copies the variables of the modules. It reads the list again, because a plugin may have been loaded.
func (c *Capture) copyModules(fresh *reader) error {
	n, at := 0, c.addr.Firstmoduledata
	for ; at != 0 && n <= maxModules; n++ {
		at = c.o.module.next.get(fresh.view(at, c.o.module.size))
	}
	if n != len(c.modules) {
		var err error
		if c.modules, err = readModules(fresh, c.o, c.addr.Firstmoduledata); err != nil {
			return err
		}
	}
	for i := range c.modules {
		m := &c.modules[i]
		for _, r := range [][2]uint64{{m.data, m.edata}, {m.bss, m.ebss}} {
			b, err := fresh.large(r[0], r[1]-r[0], 1<<36)
			if err != nil {
				return fmt.Errorf("the program's variables: %w", err)
			}
			c.segments = append(c.segments, segment{r[0], r[1], b})
			c.Copied += uint64(len(b))
		}
	}
	slices.SortFunc(c.segments, func(a, b segment) int { return cmp.Compare(a.lo, b.lo) })
	return nil
}

// in returns the part of a sorted list of segments that has n bytes at addr.
func in(list []segment, addr, n uint64) []byte {
	i, ok := slices.BinarySearchFunc(list, addr, func(s segment, addr uint64) int {
		switch {
		case s.hi <= addr:
			return -1
		case s.lo > addr:
			return 1
		}
		return 0
	})
	if !ok || addr+n > list[i].hi || addr+n < addr || addr+n-list[i].lo > uint64(len(list[i].data)) {
		return nil
	}
	return list[i].data[addr-list[i].lo:][:n:n]
}

// view returns n bytes at addr of the copied heap and variables, or nil. What it returns of a g may be another one's
// after some more calls: see lately.
func (c *Capture) view(addr, n uint64) []byte {
	if si := c.heap.spanAt(addr); si >= 0 {
		sp := &c.heap.spans[si]
		if sp.data == nil || addr+n > sp.end {
			return nil
		}
		if sp.packed {
			return c.unpackedAt(sp, addr, n)
		}
		return sp.data[addr-sp.start:][:n:n]
	}
	if b := in(c.segments, addr, n); b != nil {
		return b
	}
	return c.descriptors.view(addr, n)
}

// viewOr returns n bytes at addr of the copy, else of the program, which stands still.
func (c *Capture) viewOr(fresh *reader, addr, n uint64) []byte {
	if b := c.view(addr, n); b != nil {
		return b
	}
	return fresh.bytes(addr, n)
}

// u64 returns the word at addr of the copy, or zero.
func (c *Capture) u64(addr uint64) uint64 {
	if b := c.view(addr, 8); b != nil {
		return le64(b)
	}
	return 0
}

func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }

func put64(b []byte, v uint64) { binary.LittleEndian.PutUint64(b, v) }
