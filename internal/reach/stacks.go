package reach

import (
	"cmp"
	"errors"
	"slices"
	"sort"
)

const (
	// redZone is below the stack pointer and in use: of C code on amd64.
	redZone = 128
	// maxStack bounds a system stack.
	maxStack = 16 << 20
	// maxC is how far the stack of C code is read.
	maxC = 8 << 20
)

// A thread is one with what is known of its work.
type thread struct {
	Thread
	// quiet says why the thread can have nothing at hand; empty: it may have.
	quiet string
	// foreign says that the thread is not one of Go's: it has nothing of the runtime's at hand, and what it has of the
	// heap is pinned.
	foreign bool
}

// A nativeStack is the stack of a thread besides that of a goroutine: g0's, the signal handlers', or that of C code.
type nativeStack struct {
	lo, hi uint64
	data   []byte
	thread int32 // whose registers point into it, so that its frames are known; or -1
	g0     bool
}

// piecesAtOnce is how many stacks are asked for at once.
const piecesAtOnce = 1 << 14

// readStacks copies the stacks of goroutines: of each only what is in use.
func (c *Capture) readStacks() error {
	var total uint64
	for i := range c.gs {
		if g := &c.gs[i]; g.stackOf() {
			n := uint64(g.size - g.unused)
			if n > largeSize {
				if probe(c.src, g.from(), g.hi()) != nil {
					return errNonsense("a stack", g.from())
				}
			}
			g.at = total
			total += n
		}
	}
	if total > maxCopy {
		return errors.New("the stacks of the goroutines do not make sense")
	}
	c.stacks = c.take(total)
	c.Copied += total
	n := min(len(c.gs), piecesAtOnce)
	bufs, addrs := make([][]byte, 0, n), make([]uint64, 0, n)
	for i := range c.gs {
		if g := &c.gs[i]; g.copied() {
			bufs, addrs = append(bufs, c.stack(g)), append(addrs, g.from())
		}
		if len(bufs) == piecesAtOnce || len(bufs) > 0 && i == len(c.gs)-1 {
			if bad := c.src.ReadMany(bufs, addrs); len(bad) > 0 {
				return errNonsense("a stack", addrs[bad[0]])
			}
			bufs, addrs = bufs[:0], addrs[:0]
		}
	}
	return nil
}

// stack returns what was copied of the stack of g.
func (c *Capture) stack(g *goroutine) []byte {
	if !g.copied() || c.stacks == nil {
		return nil
	}
	n := g.size - g.unused
	return c.stacks[g.at:][:n:n]
}

// onStack returns n bytes at addr of what was copied of some goroutine's stack, or nil.
func (c *Capture) onStack(addr, n uint64) []byte {
	if c.stacks == nil {
		return nil
	}
	if c.byStack == nil {
		for i := range c.gs {
			if c.gs[i].copied() {
				c.byStack = append(c.byStack, int32(i))
			}
		}
		slices.SortFunc(c.byStack, func(a, b int32) int { return cmp.Compare(c.gs[a].hi(), c.gs[b].hi()) })
	}
	i := sort.Search(len(c.byStack), func(i int) bool { return c.gs[c.byStack[i]].hi() > addr })
	if i == len(c.byStack) {
		return nil
	}
	g := &c.gs[c.byStack[i]]
	if addr < g.from() || addr+n > g.hi() || addr+n < addr {
		return nil
	}
	return c.stack(g)[addr-g.from():][:n:n]
}

// A machine is what the runtime knows of a thread.
type machine struct {
	words  []byte
	thread int32 // index
}

// readMachines reads the m's. Those of threads are returned, and the addresses of the goroutines that these have.
func (c *Capture) readMachines(fresh *reader) (list []machine, current map[uint64]int32, err error) {
	byTID := make(map[uint64]int32)
	for i := range c.threads {
		byTID[uint64(c.threads[i].TID)] = int32(i)
		c.threads[i].foreign = true // not Go's, or not known to the runtime yet
	}
	current = make(map[uint64]int32)
	n := 0
	for m := c.word(fresh, c.addr.Allm); m != 0; n++ {
		if n > maxThreads {
			return nil, nil, errNonsense("the list of threads", m)
		}
		b := c.viewOr(fresh, m, c.o.m.size)
		c.ms, c.procids = append(c.ms, m), append(c.procids, c.o.m.procid.get(b))
		c.g0s = append(c.g0s, c.o.m.g0.get(b), c.o.m.gsignal.get(b))
		m = c.o.m.alllink.get(b)
		if ti, ok := byTID[c.procids[n]]; ok {
			c.threads[ti].foreign = false
			list = append(list, machine{b, ti})
			current[c.o.m.curg.get(b)] = -1
		}
	}
	return list, current, nil
}

// readThreads finds what each thread works on, and copies the stacks that are not goroutines'.
func (c *Capture) readThreads(fresh *reader, list []machine, current map[uint64]int32) error {
	for _, m := range list {
		gi, ok := current[c.o.m.curg.get(m.words)]
		if err := c.readThread(fresh, m.words, m.thread, gi, ok && gi >= 0); err != nil {
			return err
		}
	}
	for i := range c.threads {
		if c.threads[i].foreign {
			if err := c.addC(c.threads[i].SP); err != nil {
				return err
			}
		}
	}
	return nil
}

// readThread copies the stacks of a thread with the bytes of its m. gi is its goroutine, if it is running one.
func (c *Capture) readThread(fresh *reader, m []byte, ti, gi int32, running bool) error {
	th := &c.threads[ti]
	g0lo, g0hi, g0sp := c.bounds(fresh, c.o.m.g0.get(m))
	siglo, sighi, _ := c.bounds(fresh, c.o.m.gsignal.get(m))
	vdso := c.o.m.vdsoSP.get(m)
	within := func(p, lo, hi uint64) bool { return p >= lo && p < hi }
	if running {
		c.gs[gi].onThread = true
	}
	switch {
	case running && c.gs[gi].status == statusSyscall:
		th.quiet = "in a system call"
	case running && within(th.SP, c.gs[gi].lo, c.gs[gi].hi()):
		g := &c.gs[gi]
		g.thread, g.conservative = ti, true
		g.setFrom(th.SP - redZone)
		if within(g0sp, g0lo, g0hi) {
			c.addNative(g0sp, g0hi, true, -1)
		}
	case within(th.SP, g0lo, g0hi):
		c.addNative(th.SP-redZone, g0hi, true, ti)
		if running && vdso != 0 && within(vdso, c.gs[gi].lo, c.gs[gi].hi()) {
			g := &c.gs[gi]
			g.thread, g.conservative = ti, true
			g.setFrom(vdso - redZone)
		}
	case within(th.SP, siglo, sighi):
		c.addNative(th.SP-redZone, sighi, false, -1)
		c.addNative(g0lo, g0hi, true, -1)
	default: // C code
		if within(g0sp, g0lo, g0hi) {
			c.addNative(g0sp, g0hi, true, -1)
		}
		return c.addC(th.SP)
	}
	return nil
}

// bounds returns the stack of a g0 or a gsignal, and where it was left.
func (c *Capture) bounds(fresh *reader, g uint64) (lo, hi, sp uint64) {
	if g == 0 {
		return 0, 0, 0
	}
	b := c.viewOr(fresh, g, c.o.g.size)
	return c.o.g.lo.get(b), c.o.g.hi.get(b), c.o.g.sp.get(b)
}

// addC copies the stack of C code, up to the end of its mapping.
func (c *Capture) addC(sp uint64) error {
	maps, err := c.src.Mappings()
	if err != nil {
		return err
	}
	for _, m := range maps {
		if sp >= m.Lo && sp < m.Hi {
			c.addNative(sp-redZone, min(m.Hi, sp+maxC), false, -1)
			return nil
		}
	}
	return errNonsense("the stack of a thread", sp)
}

// addNative copies a stack, as far as there is memory.
func (c *Capture) addNative(lo, hi uint64, g0 bool, ti int32) {
	lo &^= 7
	if lo >= hi || hi-lo > maxStack {
		if hi <= lo {
			return
		}
		lo = hi - maxStack
	}
	b := make([]byte, hi-lo)
	if c.src.ReadMemory(b, lo) != nil {
		clear(b)
		some := false
		for o := uint64(0); o < hi-lo; {
			n := min(pageSize-(lo+o)&(pageSize-1), hi-lo-o)
			if c.src.ReadMemory(b[o:o+n], lo+o) == nil {
				some = true
			} else {
				clear(b[o : o+n])
				c.torn = c.torn || some // a stack may reach less far down than it could
			}
			o += n
		}
		c.torn = c.torn || !some
	}
	c.native = append(c.native, nativeStack{lo, hi, b, ti, g0})
	c.Copied += hi - lo
}
