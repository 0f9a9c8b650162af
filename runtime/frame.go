package runtime

// An operation that may run code of the user (a call, an Once, a lock of the user's own) may have others inside it, and
// a panic may leave it, which no probe sees. The place on the stack where an operation began tells whether it is over.

// inside does what block does for such an operation of the probe that calls it. It returns the argument for leave.
//
//go:norace
//go:noinline
func (sl *Slot) inside(s *Site, obj uintptr) uint32 {
	f := frame()
	sl.block(s, obj, f)
	return f
}

// unwind makes room for a Wait at site, with info, and drops those that are over. An operation without a frame cannot
// have another inside it. An operation that began further down the stack is over, and so is one at the same place in
// the same function. If there are more operations than room, unwind forgets the outermost.
//
//go:norace
func (sl *Slot) unwind(site, info uint32) {
	d := sl.Depth
	for ; d > 0; d-- {
		w := &sl.Waits[(d-1)%WaitLen]
		if w.Info >= InfoFrame && (info < InfoFrame || w.Info < info || w.Info == info && w.Site != site) {
			break
		}
	}
	if d >= WaitLen {
		copy(sl.Waits[:], sl.Waits[1:])
		d = WaitLen - 1
	}
	sl.Depth = d
}

// leave notes that the operation that began at f is over, and with it those that began further down the stack.
//
//go:norace
func (sl *Slot) leave(f uint32) {
	for d := sl.Depth; d > 0; d-- {
		w := &sl.Waits[(d-1)%WaitLen]
		if w.Info == f {
			sl.Depth = d - 1
			sl.over(w)
			return
		}
		if w.Info >= InfoFrame && w.Info < f {
			sl.Depth = d
			return // the operation was forgotten
		}
	}
	sl.Depth = 0
}

// over notes in the history that the operation w, which was popped, is over now.
//
//go:norace
func (sl *Slot) over(w *Wait) {
	if state == stateLog {
		logEnd(sl, w)
	}
	ended(w.Site, now()-w.Since) // moves the coarse clock on: perhaps nobody has read the clock since the wait began
	if l := sl.last(); l.site() == w.Site {
		*l = Entry(w.Site) | Entry(hdr.Clock)<<32
	}
}

// frameTells reports whether frame works as documented.
func frameTells() bool {
	f := asProbe()
	return f > InfoFrame && f == asProbe() && f < further()
}

//go:noinline
func further() uint32 { return asProbe() }

//go:noinline
func asProbe() uint32 { return asCaller() }

//go:noinline
func asCaller() uint32 { return frame() }
