package reach

import (
	"cmp"
	"slices"
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
	// foreign says that the thread is not one of Go's: it has nothing of the runtime's at hand, and what it has of the heap is pinned.
	foreign bool
}

// A nativeStack is the stack of a thread besides that of a goroutine: g0's, the signal handlers', or that of C code.
type nativeStack struct {
	lo, hi uint64
	data   []byte
	thread int32 // whose registers point into it: its frames can be told; or -1
	g0     bool
}

// readStacks copies the stacks of threads and goroutines.
func (c *Capture) readStacks(fresh *reader) error {
	if err := c.readThreads(fresh); err != nil {
		return err
	}
	var order []int32
	for i := range c.gs {
		g := &c.gs[i]
		if !g.alive() || g.lo == 0 || g.hi <= g.lo || g.hi > maxAddress {
			continue
		}
		switch g.status {
		case statusRunning, statusMoribund, statusCopystack:
			g.conservative = true
		}
		from := g.sp
		if g.thread >= 0 {
			from = g.from // of the thread
		} else if g.conservative || from < g.lo || from >= g.hi {
			// On the system stack, or between two states: sched is what it left, but a call into the vDSO or a signal leaves nothing.
			from, g.conservative = g.lo, true
		}
		g.from = max(from&^7, g.lo)
		if g.hi-g.from > 1<<20 {
			if err := probe(c.src, g.from, g.hi); err != nil {
				return err
			}
		}
		order = append(order, int32(i))
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(c.gs[a].from, c.gs[b].from) })
	return c.copyStacks(order)
}

// stackGap is how far stacks may be apart that are read as one.
const stackGap = 4096

// copyStacks copies the stacks of goroutines, which are sorted by address. Those that are near each other are read together.
func (c *Capture) copyStacks(order []int32) error {
	var bufs [][]byte
	var addrs []uint64
	var total uint64
	for i := 0; i < len(order); {
		lo, hi, j := c.gs[order[i]].from, c.gs[order[i]].hi, i+1
		for j < len(order) && c.gs[order[j]].from >= hi && c.gs[order[j]].from-hi < stackGap && hi-lo < 1<<20 {
			hi = c.gs[order[j]].hi
			j++
		}
		if hi-lo > largeSize && probe(c.src, lo, hi) != nil {
			return errNonsense("a stack", lo)
		}
		c.stacks = append(c.stacks, segment{lo: lo, hi: hi})
		total += hi - lo
		i = j
	}
	buf := c.Plan.stacks
	if uint64(len(buf)) < total {
		buf = c.populate(min(total, maxCopy))
	}
	for i := range c.stacks {
		s := &c.stacks[i]
		n := s.hi - s.lo
		if n > uint64(len(buf)) {
			return errNonsense("a stack", s.lo)
		}
		s.data, buf = buf[:n:n], buf[n:]
		bufs, addrs = append(bufs, s.data), append(addrs, s.lo)
	}
	c.Copied += total
	for _, i := range c.src.ReadMany(bufs, addrs) {
		// What is between two stacks may be unmapped, in a core.
		c.stacks[i].data = nil
	}
	return c.copyAlone(order)
}

// copyAlone reads by themselves the stacks that could not be read together with others. What cannot be read at all is nil.
func (c *Capture) copyAlone(order []int32) error {
	if !slices.ContainsFunc(c.stacks, func(s segment) bool { return s.data == nil }) {
		return nil
	}
	failed := slices.DeleteFunc(slices.Clone(c.stacks), func(s segment) bool { return s.data != nil })
	c.stacks = slices.DeleteFunc(c.stacks, func(s segment) bool { return s.data == nil })
	for _, i := range order {
		g := &c.gs[i]
		if slices.ContainsFunc(failed, func(s segment) bool { return s.lo <= g.from && g.from < s.hi }) {
			b := make([]byte, g.hi-g.from)
			if err := c.src.ReadMemory(b, g.from); err != nil {
				return err
			}
			c.stacks = append(c.stacks, segment{g.from, g.hi, b})
		}
	}
	slices.SortFunc(c.stacks, func(a, b segment) int { return cmp.Compare(a.lo, b.lo) })
	return nil
}

// stack returns what was copied of the stack of g.
func (c *Capture) stack(g *goroutine) []byte {
	if g.from == 0 {
		return nil
	}
	return in(c.stacks, g.from, g.hi-g.from)
}

// readThreads finds what each thread works on, and copies the stacks that are not goroutines'.
func (c *Capture) readThreads(fresh *reader) error {
	byTID := make(map[uint64]int32)
	for i := range c.threads {
		byTID[uint64(c.threads[i].TID)] = int32(i)
	}
	seen := make(map[int32]bool)
	n := 0
	for m := c.word(fresh, c.addr.Allm); m != 0; n++ {
		if n > maxThreads {
			return errNonsense("the list of threads", m)
		}
		b := c.viewOr(fresh, m, c.o.m.size)
		c.ms = append(c.ms, m)
		c.g0s = append(c.g0s, c.o.m.g0.get(b), c.o.m.gsignal.get(b))
		m = c.o.m.alllink.get(b)
		if ti, ok := byTID[c.o.m.procid.get(b)]; ok {
			seen[ti] = true
			if err := c.readThread(fresh, b, ti); err != nil {
				return err
			}
		}
	}
	for i := range c.threads {
		if !seen[int32(i)] { // not Go's, or not known to the runtime yet
			c.threads[i].foreign = true
			if err := c.addC(c.threads[i].SP); err != nil {
				return err
			}
		}
	}
	return nil
}

// readThread copies the stacks of a thread with the bytes of its m.
func (c *Capture) readThread(fresh *reader, m []byte, ti int32) error {
	th := &c.threads[ti]
	gi, running := c.gAt[c.o.m.curg.get(m)]
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
	case running && within(th.SP, c.gs[gi].lo, c.gs[gi].hi):
		g := &c.gs[gi]
		g.thread, g.from = ti, th.SP-redZone
		g.conservative = true
		if within(g0sp, g0lo, g0hi) {
			c.addNative(g0sp, g0hi, true, -1)
		}
	case within(th.SP, g0lo, g0hi):
		c.addNative(th.SP-redZone, g0hi, true, ti)
		if g := gi; running && vdso != 0 && within(vdso, c.gs[g].lo, c.gs[g].hi) {
			c.gs[g].thread, c.gs[g].from, c.gs[g].conservative = ti, vdso-redZone, true
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
