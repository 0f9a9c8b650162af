package reach

import (
	"math"
	"time"
)

const (
	// trialBytes is how much of the heap is copied to see how fast that is.
	trialBytes = 64 << 20
	// trialPart is how many goroutines that follow each other are read to see how fast that is, and trialParts how
	// often.
	trialPart, trialParts = 1024, 8
)

// A trial estimates what a Capture will take, by doing parts of it while the program runs, on this machine under its
// present load. It does each part twice, and counts the second time, which like Capture meets no page faults.
type trial struct {
	goroutines int           // how many there are
	stacks     uint64        // bytes of theirs, of what is in use
	channels   uint64        // bytes of channels that are not in heap.scan
	gs         uint64        // bytes of the spans that have only g's
	packed     uint64        // bytes of the g's when they are packed
	spans      time.Duration // for all spans
	heap       time.Duration // for what is copied of the heap, and the variables
	others     time.Duration // for the goroutines
}

// Estimate returns how long the program will probably stand still for Capture, and how many bytes will be copied.
func (p *Plan) Estimate() (pause time.Duration, bytes uint64) {
	t := &p.trial
	// Threads have to be stopped, too. If the machine is busy then, Capture's limit holds.
	return time.Millisecond + t.spans + t.heap + t.others, p.heap.scan + t.stacks + t.channels + p.variables()
}

// variables returns how many bytes of variables will be copied.
func (p *Plan) variables() (bytes uint64) {
	for i := range p.modules {
		bytes += p.modules[i].edata - p.modules[i].data + p.modules[i].ebss - p.modules[i].bss
	}
	return bytes
}

// try makes the trial. It leaves its memory to Capture.
func (p *Plan) try() error {
	p.fresh, p.heap.loose = newReader(p.src), true
	for range 2 {
		start := time.Now()
		p.fresh.reset()
		if err := p.heap.readSpans(p.fresh, p.o, p.addr.Mheap); err != nil {
			return err
		}
		p.trial.spans = time.Since(start)
	}
	p.tryCopy()
	return p.tryGoroutines()
}

// tryCopy copies a part of the heap.
func (p *Plan) tryCopy() {
	step, n := p.heap.scan/trialBytes+1, uint64(0)
	var list batch
	_ = p.heap.eachRun(func(lo, hi uint64, _ []int32) error {
		if n++; n%step == 0 && list.bytes < 2*trialBytes {
			list.add(lo, hi)
		}
		return nil
	})
	if took := list.time(p.src); list.bytes > 0 {
		p.trial.heap = scale(took, p.heap.scan+p.variables(), list.bytes)
	}
}

func scale(d time.Duration, n, part uint64) time.Duration {
	return time.Duration(float64(d) * float64(n) / float64(part))
}

// A batch is parts of memory that are read together.
type batch struct {
	addrs []uint64
	sizes []uint64
	bytes uint64
}

func (l *batch) add(lo, hi uint64) {
	l.addrs, l.sizes, l.bytes = append(l.addrs, lo), append(l.sizes, hi-lo), l.bytes+hi-lo
}

// time returns how long it takes to read them. What is gone meanwhile takes its time, too.
func (l *batch) time(src Source) time.Duration {
	buf := Room(int(l.bytes))
	defer FreeRoom(buf)
	var bufs [][]byte
	rest := buf
	for _, n := range l.sizes {
		bufs, rest = append(bufs, rest[:n:n]), rest[n:]
	}
	best := time.Duration(math.MaxInt64) // the other was disturbed, such as by the collection of garbage here
	for range 2 {
		start := time.Now()
		src.ReadMany(bufs, l.addrs)
		best = min(best, time.Since(start))
	}
	return best
}

// tryGoroutines reads some goroutines, and what they wait for.
func (p *Plan) tryGoroutines() error {
	fresh := newReaderOf(p.src, smallBlock) // Capture does not use this reader: it has this memory from its copy
	list, err := goroutineList(fresh, p.addr.Allgs)
	if err != nil {
		return err
	}
	p.trial.goroutines = len(list) / 8
	p.heap.readAlloc(p.fresh)
	p.trial.gs = 0
	gs := make([]uint64, len(p.heap.spans))
	for rest := list; len(rest) >= 8; rest = rest[8:] {
		p.heap.addSlot(gs, le64(rest))
	}
	for i, slots := range gs {
		if sp := &p.heap.spans[i]; slots != 0 && sp.packable(slots) {
			p.trial.gs += sp.end - sp.start
		}
	}
	sample := list
	if len(list) > 8*trialPart*trialParts {
		sample = nil
		for part := range trialParts {
			sample = append(sample, list[len(list)/8/trialParts*part*8:][:trialPart*8]...)
		}
	}
	var took time.Duration
	var stacks, channels batch
	for range 2 {
		start := time.Now()
		stacks, channels = p.lookAtSome(fresh, sample)
		took = time.Since(start)
	}
	took += stacks.time(p.src) + channels.time(p.src)
	n, part := uint64(len(list)), uint64(len(sample))
	p.trial.packed = p.packedSize(fresh, sample) * n / part
	p.trial.stacks, p.trial.channels = stacks.bytes*n/part, channels.bytes*n/part
	p.trial.others = scale(took, n, part)
	return nil
}

// lookAtSome looks at the goroutines of a list, and returns what would be copied of their stacks and channels.
func (p *Plan) lookAtSome(fresh *reader, list []byte) (stacks, channels batch) {
	var chans []uint64
	for ; len(list) >= 8; list = list[8:] {
		var g goroutine
		addr := le64(list)
		b := fresh.view(addr, p.o.g.size)
		p.goroutineAt(&g, addr, b)
		if !g.stackOf() || g.hi()-g.from() > largeSize {
			continue
		}
		stacks.add(g.from(), g.hi())
		if sudog := p.o.g.waiting.get(b); g.waits() && p.kinds[g.reason] == reasonChan && sudog != 0 {
			ch := p.o.sudog.c.get(fresh.view(sudog, p.o.sudog.size))
			if si := p.heap.spanAt(ch); si >= 0 && p.heap.spans[si].noscan {
				chans = append(chans, ch)
			}
		}
	}
	eachChannelRun(chans, p.o.hchan.size, channels.add)
	return stacks, channels
}

// packedSize returns how many bytes the g's of a list take when they are packed.
func (p *Plan) packedSize(fresh *reader, list []byte) (bytes uint64) {
	for ; len(list) >= 8; list = list[8:] {
		bytes += uint64(PackedSize(fresh.view(le64(list), p.o.g.size)))
	}
	return bytes
}
