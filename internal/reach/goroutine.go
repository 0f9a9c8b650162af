package reach

import (
	"errors"
	"fmt"
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
	statusScan      = 0x1000
)

// A goroutine is one that was captured.
type goroutine struct {
	addr    uint64
	id      int64
	status  uint32
	reason  string // why it waits, as the runtime says
	since   int64  // when it was seen to wait, on the runtime's clock; zero: unknown
	lo, hi  uint64 // its stack
	sp, pc  uint64 // where it stands; of a running one see thread
	lr      uint64
	from    uint64 // from where on its stack was copied; zero: not at all
	words   []byte // the g
	waiting uint64 // its first sudog
	start   uint64 // the function that it began with
	gopc    uint64 // the go statement
	// thread is the index of the thread that runs it with the stack pointer on this stack, or -1.
	thread int32
	// conservative says that its frames cannot be told: every word of its stack counts.
	conservative bool
	// onThread says that a thread has it as its goroutine, whatever its status.
	onThread bool
}

// countGoroutines returns how many goroutines there seem to be.
func countGoroutines(r *reader, allgs uint64) (n int) {
	list, err := r.large(r.u64(allgs), min(r.u64(allgs+8), maxGoroutines)*8, maxGoroutines*8)
	if err != nil {
		return 0
	}
	for ; len(list) >= 8; list = list[8:] {
		if p := le64(list); p == 0 || p%8 != 0 || p > maxAddress {
			break
		}
		n++
	}
	return n
}

// alive reports whether the goroutine has a stack that counts.
func (g *goroutine) alive() bool {
	return g.status != statusIdle && g.status != statusDead && g.status != statusDeadExtra
}

// waits reports whether the goroutine is parked.
func (g *goroutine) waits() bool { return g.status == statusWaiting || g.status == statusLeaked }

// readGoroutines reads all g's and p's.
func (c *Capture) readGoroutines(fresh *reader) error {
	ptr, n := c.u64(c.addr.Allgs), c.u64(c.addr.Allgs+8)
	if n == 0 {
		ptr, n = fresh.u64(c.addr.Allgs), fresh.u64(c.addr.Allgs+8)
	}
	if n == 0 || n > maxGoroutines {
		return errors.New("the list of goroutines does not make sense")
	}
	list := c.view(ptr, n*8)
	if list == nil {
		var err error
		if list, err = fresh.large(ptr, n*8, maxGoroutines*8); err != nil {
			return fmt.Errorf("the list of goroutines: %w", err)
		}
	}
	c.gs = make([]goroutine, 0, n)
	c.gAt = make(map[uint64]int32, n)
	for i := uint64(0); i < n; i++ {
		p := le64(list[i*8:])
		c.gAt[p] = int32(len(c.gs))
		c.gs = append(c.gs, c.goroutineAt(fresh, p))
	}
	// The capacity: also those that procresize put aside.
	ptr, n = c.word(fresh, c.addr.Allp), c.word(fresh, c.addr.Allp+16)
	for i := uint64(0); i < min(n, maxProcs); i++ {
		if p := c.word(fresh, ptr+i*8); p != 0 {
			c.ps = append(c.ps, p)
		}
	}
	return nil
}

// word returns the word at addr of what was copied, else of the program.
func (c *Capture) word(fresh *reader, addr uint64) uint64 { return le64(c.viewOr(fresh, addr, 8)) }

// goroutineAt reads the g at p.
func (c *Capture) goroutineAt(fresh *reader, p uint64) goroutine {
	f := &c.o.g
	b := c.viewOr(fresh, p, f.size)
	status := uint32(f.status.get(b))
	g := goroutine{
		addr: p, id: int64(f.id.get(b)), status: status &^ statusScan, since: int64(f.since.get(b)),
		lo: f.lo.get(b), hi: f.hi.get(b), sp: f.sp.get(b), pc: f.pc.get(b), words: b,
		waiting: f.waiting.get(b), start: f.startpc.get(b), gopc: f.gopc.get(b), thread: -1,
		// Whoever scans its stack may be shrinking it: then the frames are between here and there.
		conservative: status&statusScan != 0,
	}
	if f.lr.has() {
		g.lr = f.lr.get(b)
	}
	if g.waits() {
		if r := f.reason.get(b); r < uint64(len(c.reasons)) {
			g.reason = c.reasons[r]
		}
	}
	if g.status == statusSyscall {
		sp := f.syscallSP.get(b)
		g.lr = 0
		if sp == 0 {
			g.conservative = true // between two states
			g.sp = g.lo
		} else {
			g.sp, g.pc = sp, f.sysPC.get(b)
		}
	}
	return g
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
	words := func(b []byte) {
		for ; len(b) >= 8; b = b[8:] {
			c.queued = append(c.queued, le64(b))
		}
	}
	if at := c.addr.Allfin; at != 0 && c.o.finSize != 0 {
		for p, n := c.word(fresh, at), 0; p != 0 && n < maxList; n++ {
			b := fresh.bytes(p, c.o.finSize)
			fin := b[c.o.fins.Off:]
			words(fin[:min(c.o.finN.get(b)*finalizerSize, uint64(len(fin)))])
			p = c.o.finLink.get(b)
		}
	}
	if at := c.addr.GcCleanups; at != 0 && c.o.cleanAll.has() && c.o.cleanSize != 0 {
		for p, n := c.word(fresh, at+uint64(c.o.cleanAll.Off)), 0; p != 0 && n < maxList; n++ {
			b := fresh.bytes(p, c.o.cleanSize)
			words(b[c.o.cleanups.Off:])
			p = c.o.cleanLink.get(b)
		}
	}
}

// semaphoreRoots is the number of entries of the runtime's table.
const semaphoreRoots = 251

// readSemaphores walks the table of semaphores: who waits at which address.
func (c *Capture) readSemaphores(fresh *reader) {
	c.sema = make(map[uint64][]uint64)
	f := &c.o.sudog
	seen := make(map[uint64]bool)
	var todo []uint64
	for i := uint64(0); i < semaphoreRoots; i++ {
		todo = append(todo[:0], c.word(fresh, c.addr.Semtable+i*c.o.semaStride+uint64(c.o.semaTreap.Off)))
		for len(todo) > 0 {
			p := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if p == 0 || seen[p] {
				continue
			}
			b := c.view(p, f.size)
			if b == nil {
				continue
			}
			seen[p] = true
			c.sudogs = append(c.sudogs, p)
			g := f.g.get(b)
			c.sema[g] = append(c.sema[g], f.elem.get(b))
			todo = append(todo, f.prev.get(b), f.next.get(b), f.waitlink.get(b))
		}
	}
}

// readChannels copies the channels that goroutines wait for whose elements have no pointers: those are not copied with the heap. It copies
// them without their elements.
func (c *Capture) readChannels() {
	size := c.o.hchan.size
	c.channels = make(map[uint64][]byte)
	var addrs []uint64
	for i := range c.gs {
		g := &c.gs[i]
		if !g.waits() || reasonKinds[g.reason] != reasonChan {
			continue
		}
		for sg, n := g.waiting, 0; sg != 0 && n < maxList; n++ {
			b := c.view(sg, c.o.sudog.size)
			if b == nil {
				break
			}
			ch := c.o.sudog.c.get(b)
			if _, ok := c.channels[ch]; !ok && ch != 0 && c.view(ch, size) == nil {
				c.channels[ch] = nil
				addrs = append(addrs, ch)
			}
			sg = c.o.sudog.waitlink.get(b)
		}
	}
	all := make([]byte, uint64(len(addrs))*size)
	bufs := make([][]byte, len(addrs))
	for i, a := range addrs {
		bufs[i] = all[uint64(i)*size:][:size:size]
		c.channels[a] = bufs[i]
	}
	for _, i := range c.src.ReadMany(bufs, addrs) {
		delete(c.channels, addrs[i])
	}
	c.Copied += uint64(len(all))
}

// channel returns the bytes of a channel that a goroutine waits for, or nil.
func (c *Capture) channel(addr uint64) []byte {
	if b := c.view(addr, c.o.hchan.size); b != nil {
		return b
	}
	return c.channels[addr]
}
