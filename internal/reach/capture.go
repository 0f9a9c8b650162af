package reach

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"
)

// A Plan is what could be made ready before the program stands still.
type Plan struct {
	src     Source
	prog    *Program
	o       *offsets
	addr    Addresses // where the program has been loaded
	bias    uint64
	code    *reader // what does not change: tables and constants
	modules []module
	reasons []string
	spans   int    // how many there were
	heap    uint64 // bytes to copy of the heap
	heapBuf []byte
	stacks  []byte
	gs      int // how many there were
	// bufs are all buffers, to be given back.
	bufs [][]byte
}

// newPlan returns a Plan that knows where the program's variables are, and nothing else.
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
			return nil, errors.New("where the program was loaded is not known")
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

// Prepare reads what does not change, and provides the memory for the rest, while the program still runs.
func Prepare(src Source, prog *Program) (*Plan, error) {
	p, err := newPlan(src, prog)
	if err != nil {
		return nil, err
	}
	if p.modules, err = readModules(p.code, p.o, p.addr.Firstmoduledata); err != nil {
		return nil, err
	}
	p.readReasons()
	fresh := newReader(src)
	if p.heap, p.spans, err = heapSize(fresh, p.o, p.addr.Mheap); err != nil {
		return nil, err
	}
	p.gs = countGoroutines(fresh, p.addr.Allgs)
	// The reader of what does not change has none of that yet.
	p.code = newReader(src)
	return p, nil
}

// maxReasons is more than any version has.
const maxReasons = 128

// readReasons reads the texts of the runtime's wait reasons, which have no fixed numbers.
func (p *Plan) readReasons() {
	for i := uint64(0); i < maxReasons; i++ {
		at, n := p.code.u64(p.addr.WaitReasonStrings+i*16), p.code.u64(p.addr.WaitReasonStrings+i*16+8)
		if n > 64 {
			break
		}
		p.reasons = append(p.reasons, string(p.code.bytes(at, n)))
	}
}

// Estimate returns how long the program will probably stand still for Capture, and how many bytes will be copied.
func (p *Plan) Estimate() (pause time.Duration, bytes uint64) {
	bytes = p.heap + uint64(p.gs)*2048
	for i := range p.modules {
		bytes += p.modules[i].edata - p.modules[i].data + p.modules[i].ebss - p.modules[i].bss
	}
	return time.Millisecond + time.Duration(bytes)*pausePerMB/(1<<20) + time.Duration(p.gs)*pausePerGoroutine + time.Duration(p.spans)*pausePerSpan, bytes
}

// What a pause is made of, as measured; see Estimate.
const (
	pausePerMB        = 300 * time.Microsecond
	pausePerGoroutine = 500 * time.Nanosecond
	pausePerSpan      = 300 * time.Nanosecond
)

// Allocate provides the memory that Capture will need, so that the pause is not spent on page faults.
func (p *Plan) Allocate() {
	if p.heapBuf != nil {
		return
	}
	p.heapBuf = p.populate(p.heap + p.heap/64 + 2<<20)
	p.AllocateStacks()
}

// stackGuess is how much of its stack a goroutine uses, as a rule.
const stackGuess = 2304

func (p *Plan) populate(n uint64) []byte {
	b := populate(int(n))
	p.bufs = append(p.bufs, b)
	return b
}

// Close gives the memory back. Nothing that came of the plan may be used any more.
func (p *Plan) Close() {
	for _, b := range p.bufs {
		free(b)
	}
	p.bufs, p.heapBuf, p.stacks = nil, nil, nil
}

// A segment is a copied range of memory that is not of the heap.
type segment struct {
	lo, hi uint64
	data   []byte
}

// A Capture is what was copied of a program while it stood still.
type Capture struct {
	*Plan
	heap     heap
	segments []segment // data and bss of the modules, sorted by address
	threads  []thread
	gs       []goroutine
	gAt      map[uint64]int32 // by the address of the g
	ps, ms   []uint64
	g0s      []uint64 // of all threads: g0 and gsignal
	stacks   []segment
	native   []nativeStack
	specials []special
	queued   []uint64            // words of finalizers and cleanups that are about to run
	sema     map[uint64][]uint64 // by the address of the g: semaphores that it waits for
	sudogs   []uint64            // those of semaphores
	channels map[uint64][]byte   // the channels waited for that have not been copied with the heap, because their elements have no pointers
	pinned   [][]byte            // pinner bits, by span; nil where it has none
	torn     bool                // a part of the memory could not be read
	// Copied is how many bytes were copied.
	Copied uint64
	// Steps says how long each step took, of the pause.
	Steps []Step
}

// A Step is a part of the pause.
type Step struct {
	Name string
	Took time.Duration
}

// Capture copies what is needed. The program must stand still from before it is called until it has returned.
func (p *Plan) Capture() (c *Capture, err error) {
	p.Allocate()
	c = &Capture{Plan: p}
	last := time.Now()
	step := func(name string) {
		now := time.Now()
		c.Steps = append(c.Steps, Step{name, now.Sub(last)})
		last = now
	}
	threads, err := p.src.Threads()
	if err != nil {
		return nil, err
	}
	for i := range threads {
		c.threads = append(c.threads, thread{Thread: threads[i]})
	}
	fresh := newReader(p.src)
	if err := c.copyModules(fresh); err != nil {
		return nil, err
	}
	step("data and bss")
	if err := c.heap.readSpans(fresh, p.o, p.addr.Mheap, p.spans); err != nil {
		return nil, err
	}
	step("spans")
	more, err := c.heap.copy(p.src, p.heapBuf)
	p.bufs = append(p.bufs, more...)
	if err != nil {
		return nil, err
	}
	c.Copied += c.heap.scan
	step("heap")
	c.heap.readAlloc(fresh)
	c.readSpecials(fresh)
	c.readQueued(fresh)
	step("slots and specials")
	if err := c.readGoroutines(fresh); err != nil {
		return nil, err
	}
	step("goroutines")
	if err := c.readStacks(fresh); err != nil {
		return nil, err
	}
	c.readSemaphores(fresh)
	step("stacks")
	c.readChannels()
	step("channels")
	if c.torn || fresh.bad > 0 {
		return nil, errors.New("a part of the program's memory is missing, and what it has could wake others")
	}
	return c, nil
}

// copyModules copies the variables of the modules. It reads the list again, for a plugin may have come.
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

// view returns n bytes at addr of what was copied of heap and variables, or nil.
func (c *Capture) view(addr, n uint64) []byte {
	if si := c.heap.spanAt(addr); si >= 0 {
		sp := &c.heap.spans[si]
		if sp.data == nil || addr+n > sp.end {
			return nil
		}
		return sp.data[addr-sp.start:][:n:n]
	}
	return in(c.segments, addr, n)
}

// viewOr returns n bytes at addr of what was copied, else from the program, which stands still.
func (c *Capture) viewOr(fresh *reader, addr, n uint64) []byte {
	if b := c.view(addr, n); b != nil {
		return b
	}
	return fresh.bytes(addr, n)
}

// u64 returns the word at addr of what was copied, or zero.
func (c *Capture) u64(addr uint64) uint64 {
	if b := c.view(addr, 8); b != nil {
		return le64(b)
	}
	return 0
}

func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
