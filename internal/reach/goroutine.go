package reach

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
)

const (
	maxGoroutines = 1 << 26
	maxProcs      = 1 << 20
	maxThreads    = 1 << 20
	// maxList bounds linked lists whose length is not known, such as the cases of a select.
	maxList = 1 << 20
)

// The statuses of a goroutine, as in runtime2.go.
const (
	statusIdle      = 0
	statusRunnable  = 1
	statusRunning   = 2
	statusSyscall   = 3
	statusWaiting   = 4
	statusMoribund  = 5
	statusDead      = 6
	statusCopystack = 8
	statusPreempted = 9
	statusLeaked    = 10 // waiting, and Go's own profile thinks that nothing can wake it; since Go 1.26
	statusDeadExtra = 11
	statusUnknown   = 255 // none of these
	statusScan      = 0x1000
)

// A goroutine is a captured goroutine. There may be a million of them; what is seldom needed is read from its g.
type goroutine struct {
	addr   uint64 // of its g
	id     int64
	lo     uint64 // where its stack begins
	at     uint64 // where in Capture.stacks it was copied
	size   uint32 // of its stack; zero: it has none
	unused uint32 // how much of the beginning of its stack is not in use, and not copied
	// thread is the index of the thread that runs it with the stack pointer on this stack, or -1.
	thread int32
	status uint8
	reason uint8 // why it waits: an index into Plan.reasons; zero: unknown
	// conservative means that its frames are unknown: every word of its stack counts.
	conservative bool
	// onThread means that it is the goroutine of a thread, whatever its status.
	onThread bool
}

// copied reports whether its stack counts, and was copied.
func (g *goroutine) copied() bool { return g.alive() && g.size > 0 }

// hi returns the end of its stack, and from the start of the used part.
func (g *goroutine) hi() uint64   { return g.lo + uint64(g.size) }
func (g *goroutine) from() uint64 { return g.lo + uint64(g.unused) }

// setFrom sets the start of the used part of its stack.
func (g *goroutine) setFrom(addr uint64) { g.unused = uint32(max(addr&^7, g.lo) - g.lo) }

// alive reports whether the goroutine has a stack that counts.
func (g *goroutine) alive() bool {
	return g.status != statusIdle && g.status != statusDead && g.status != statusDeadExtra
}

// waits reports whether the goroutine is parked.
func (g *goroutine) waits() bool { return g.status == statusWaiting || g.status == statusLeaked }

// goroutineList reads the list of all g's.
func goroutineList(r *reader, allgs uint64) ([]byte, error) {
	ptr, n := r.u64(allgs), r.u64(allgs+8)
	if n == 0 || n > maxGoroutines {
		return nil, errors.New("the list of goroutines does not make sense")
	}
	list, err := r.large(ptr, n*8, maxGoroutines*8)
	if err != nil {
		return nil, fmt.Errorf("the list of goroutines: %w", err)
	}
	return list, nil
}

// readGoroutines reads all g's and p's. It notes which goroutines threads have: current has them by address.
func (c *Capture) readGoroutines(fresh *reader, current map[uint64]int32) error {
	list, err := goroutineList(fresh, c.addr.Allgs)
	if err != nil {
		return err
	}
	c.gs = c.Plan.gs[:cap(c.Plan.gs)]
	if more := len(list)/8 - len(c.gs); more > 0 {
		c.gs, c.waiting = append(c.gs, make([]goroutine, more)...), append(c.waiting, make([]uint64, more)...)
	}
	c.gs = c.gs[:len(list)/8]
	for i := 0; len(list) >= 8; i++ {
		p := le64(list)
		list = list[8:]
		if _, ok := current[p]; ok {
			current[p] = int32(i)
		}
		if given := len(c.given.list) > 0 && c.gs[i].addr == p; !given {
			b := c.view(p, c.o.g.size)
			if b == nil {
				return errNonsense("a goroutine", p)
			}
			c.Plan.goroutineAt(&c.gs[i], p, b)
			c.waiting[i] = c.o.g.waiting.get(b)
		} else if si := c.heap.spanAt(p); si < 0 || c.heap.spans[si].data == nil {
			return errNonsense("a goroutine", p)
		}
		if i%4096 == 0 && c.late() {
			return ErrLate
		}
	}
	// The capacity: also those that procresize put aside.
	ptr, n := c.word(fresh, c.addr.Allp), c.word(fresh, c.addr.Allp+16)
	for i := uint64(0); i < min(n, maxProcs); i++ {
		if p := c.word(fresh, ptr+i*8); p != 0 {
			c.ps = append(c.ps, p)
		}
	}
	return nil
}

// word returns the word at addr of what was copied, else of the program.
func (c *Capture) word(fresh *reader, addr uint64) uint64 { return le64(c.viewOr(fresh, addr, 8)) }

// goroutineAt sets g to what the g at addr, with the bytes b, says.
func (p *Plan) goroutineAt(g *goroutine, addr uint64, b []byte) {
	f := &p.o.g
	status := uint32(f.status.get(b))
	*g = goroutine{
		addr: addr, id: int64(f.id.get(b)), status: uint8(min(status&^statusScan, statusUnknown)), lo: f.lo.get(b),
		thread: -1,
		// Whoever scans its stack may be shrinking it: then the frames are between here and there.
		conservative: status&statusScan != 0,
	}
	if hi := f.hi.get(b); g.lo != 0 && hi > g.lo && hi <= maxAddress {
		g.size = uint32(min(hi-g.lo, math.MaxUint32)) // more is more than the runtime permits
	}
	if r := f.reason.get(b); g.waits() && r < uint64(len(p.reasons)) {
		g.reason = uint8(r)
	}
	switch _, sp := p.position(g, b); {
	case g.status == statusSyscall && f.syscallSP.get(b) == 0, sp < g.lo, sp >= g.hi():
		// On the system stack, or between two states: sched is what it left, but a call into the vDSO or a signal
		// leaves nothing.
		g.conservative = true
	case !g.conservative:
		g.setFrom(sp)
	}
}

// position returns where a goroutine stands that no thread runs. Its g has the bytes b.
func (p *Plan) position(g *goroutine, b []byte) (pc, sp uint64) {
	f := &p.o.g
	if g.status == statusSyscall {
		if sp = f.syscallSP.get(b); sp != 0 {
			return f.sysPC.get(b), sp
		}
		return f.pc.get(b), g.lo
	}
	return f.pc.get(b), f.sp.get(b)
}

// stackOf reports whether the stack of g has to be copied, and says from where on.
func (g *goroutine) stackOf() bool {
	if !g.copied() {
		return false
	}
	switch g.status {
	case statusRunning, statusMoribund, statusCopystack:
		g.conservative = true
	}
	if g.conservative && g.thread < 0 {
		g.unused = 0
	}
	return true
}

// words returns the g of a goroutine.
func (c *Capture) words(g *goroutine) []byte { return c.view(g.addr, c.o.g.size) }

// since returns when the runtime saw the goroutine waiting, on its clock; zero: unknown.
func (c *Capture) since(g *goroutine) int64 { return max(int64(c.o.g.since.get(c.words(g))), 0) }

// linkRegister returns what the goroutine had in it when it was parked; zero: none.
func (c *Capture) linkRegister(g *goroutine) uint64 {
	if c.o.frameLR == 0 || g.status == statusSyscall {
		return 0
	}
	return c.o.g.lr.get(c.words(g))
}

// sortGoroutines builds the index for goroutineOf.
func (c *Capture) sortGoroutines() {
	c.byAddr = make([]int32, len(c.gs))
	for i := range c.byAddr {
		c.byAddr[i] = int32(i)
	}
	slices.SortFunc(c.byAddr, func(a, b int32) int { return cmp.Compare(c.gs[a].addr, c.gs[b].addr) })
}

// goroutineOf returns the index of the goroutine whose g is at addr.
func (c *Capture) goroutineOf(addr uint64) (int32, bool) {
	i, ok := slices.BinarySearchFunc(c.byAddr, addr,
		func(g int32, addr uint64) int { return cmp.Compare(c.gs[g].addr, addr) })
	if !ok {
		return 0, false
	}
	return c.byAddr[i], true
}

// A special is a record that the runtime keeps of an object, such as its finalizer.
type special struct {
	kind   byte
	obj    uint64
	record []byte
}

const (
	maxSpecials = 1 << 26
	specialSize = 64 // more than any kind has
)

// readSpecials reads the records of objects, and which objects are pinned.
func (c *Capture) readSpecials(fresh *reader) {
	f := &c.o.special
	for i := range c.heap.spans {
		sp := &c.heap.spans[i]
		for p := sp.specials; p != 0 && len(c.specials) < maxSpecials; {
			b := fresh.view(p, specialSize)
			if k := byte(f.kind.get(b)); k != c.o.kindProfile {
				c.specials = append(c.specials, special{k, sp.start + f.offset.get(b), b})
			}
			next := f.next.get(b)
			if next == p {
				break
			}
			p = next
		}
		if sp.pinner != 0 {
			if c.pinned == nil {
				c.pinned = make([][]byte, len(c.heap.spans))
			}
			c.pinned[i] = fresh.bytes(sp.pinner, (uint64(sp.nelems)*2+7)/8)
		}
	}
}

// finalizerSize is the size of one that is queued: its function, its argument, two types, and the size of the results.
const finalizerSize = 40

// readQueued takes the words of the finalizers and cleanups that are about to run: they are not in the heap.
func (c *Capture) readQueued(fresh *reader) {
	words := func(to *[]uint64, b []byte) {
		for ; len(b) >= 8; b = b[8:] {
			*to = append(*to, le64(b))
		}
	}
	if at := c.addr.Allfin; at != 0 && c.o.finSize != 0 {
		for p, n := c.word(fresh, at), 0; p != 0 && n < maxList; n++ {
			b := fresh.bytes(p, c.o.finSize)
			fin := b[c.o.fins.Off:]
			words(&c.finalizers, fin[:min(c.o.finN.get(b)*finalizerSize, uint64(len(fin)))])
			p = c.o.finLink.get(b)
		}
	}
	if at := c.addr.GcCleanups; at != 0 && c.o.cleanAll.has() && c.o.cleanSize != 0 {
		for p, n := c.word(fresh, at+uint64(c.o.cleanAll.Off)), 0; p != 0 && n < maxList; n++ {
			b := fresh.bytes(p, c.o.cleanSize)
			words(&c.queued, b[c.o.cleanups.Off:])
			p = c.o.cleanLink.get(b)
		}
	}
}

// semaphoreRoots is the number of entries of the runtime's table.
const semaphoreRoots = 251

// A semaphoreWait is a goroutine that waits for a semaphore.
type semaphoreWait struct{ g, sudog, addr uint64 }

// readSemaphores walks the copied table of semaphores: who waits at which address. It builds the index for semaphores.
func (c *Capture) readSemaphores() {
	f := &c.o.sudog
	seen := newBitset(c.heap.objects)
	var todo []uint64
	for i := uint64(0); i < semaphoreRoots; i++ {
		todo = append(todo[:0], c.u64(c.addr.Semtable+i*c.o.semaStride+uint64(c.o.semaTreap.Off)))
		for len(todo) > 0 {
			p := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			id, ok := c.heap.id(p)
			b := c.view(p, f.size)
			if !ok || b == nil || seen.has(id) {
				continue
			}
			seen.set(id)
			c.sema = append(c.sema, semaphoreWait{f.g.get(b), p, f.elem.get(b)})
			todo = append(todo, f.prev.get(b), f.next.get(b), f.waitlink.get(b))
		}
	}
	slices.SortStableFunc(c.sema, func(a, b semaphoreWait) int { return cmp.Compare(a.g, b.g) })
}

// semaphores returns those that the goroutine with a g at addr waits for.
func (c *Capture) semaphores(g uint64) []semaphoreWait {
	i, _ := slices.BinarySearchFunc(c.sema, g, func(w semaphoreWait, g uint64) int { return cmp.Compare(w.g, g) })
	n := i
	for n < len(c.sema) && c.sema[n].g == g {
		n++
	}
	return c.sema[i:n]
}

// sudogs yields what stands for goroutine g in the queues of what it waits for, by address. What follows in the list of
// one that waits for a semaphore is the queue of that, and not its own.
func (c *Capture) sudogs(g *goroutine) iter.Seq2[uint64, []byte] {
	return c.sudogsFrom(g, c.o.g.waiting.get(c.words(g)))
}

// sudogsFrom is sudogs, from the first on.
func (c *Capture) sudogsFrom(g *goroutine, first uint64) iter.Seq2[uint64, []byte] {
	return func(yield func(addr uint64, b []byte) bool) {
		for sg, n := first, 0; sg != 0 && n < maxList; n++ {
			b := c.view(sg, c.o.sudog.size)
			if b == nil || c.o.sudog.g.get(b) != g.addr || !yield(sg, b) {
				return
			}
			sg = c.o.sudog.waitlink.get(b)
		}
	}
}

// channelGap is how far apart channels may be that are read as one.
const channelGap = 1024

// readChannels copies the channels that goroutines wait for whose elements have no pointers: those are not copied with
// the heap. It copies them without their elements.
func (c *Capture) readChannels() error {
	var list []uint64
	for i := range c.gs {
		g := &c.gs[i]
		if !g.waits() || c.kinds[g.reason] != reasonChan {
			continue
		}
		for _, b := range c.sudogsFrom(g, c.waiting[i]) {
			ch := c.o.sudog.c.get(b)
			if si := c.heap.spanAt(ch); si >= 0 && c.heap.spans[si].noscan {
				list = append(list, ch)
			}
		}
		if i%4096 == 0 && c.late() {
			return ErrLate
		}
	}
	var bufs [][]byte
	var addrs []uint64
	eachChannelRun(list, c.o.hchan.size, func(lo, hi uint64) {
		b := c.take(hi - lo)
		c.channels = append(c.channels, segment{lo, hi, b})
		bufs, addrs = append(bufs, b), append(addrs, lo)
		c.Copied += hi - lo
	})
	for _, i := range c.src.ReadMany(bufs, addrs) {
		c.channels[i].data = nil
	}
	return nil
}

// eachChannelRun sorts a list of channels, and calls visit with the ranges in which they are. size is that of one.
func eachChannelRun(list []uint64, size uint64, visit func(lo, hi uint64)) {
	slices.Sort(list)
	for i := 0; i < len(list); {
		lo, hi := list[i], list[i]+size
		for ; i < len(list) && list[i] <= hi+channelGap; i++ {
			hi = list[i] + size
		}
		visit(lo, hi)
	}
}

// channel returns the bytes of a channel that a goroutine waits for, or nil.
func (c *Capture) channel(addr uint64) []byte {
	if b := c.view(addr, c.o.hchan.size); b != nil {
		return b
	}
	return in(c.channels, addr, c.o.hchan.size)
}
