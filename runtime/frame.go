package runtime

// An operation in which code of the user may run (a call, an Once, a lock of the user's own) may have others inside it, and may be left by a panic,
// which no probe sees. Which operations are over can be told from where on the stack they began.

// inside is block for such an operation of the probe that calls it, and returns what leave ends it by.
//
//go:norace
//go:noinline
func (sl *Slot) inside(s *Site, obj uintptr) uint32 {
	f := frame()
	sl.block(s, obj, f)
	return f
}

// unwind makes room for a Wait at site, with info: those that are over go. In an operation that has no frame there cannot be another. One that
// began further down the stack is over, and so is one at the same place in the same function. Of more operations than there is room for the
// outermost is forgotten.
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

// leave notes that the operation that began at f is over. Those that began further down the stack are, too.
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
			return // it was forgotten
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
	w.ended(now()) // moves the coarse clock on: nobody else may have looked at it since the wait began
	if l := sl.last(); l.site() == w.Site {
		*l = Entry(w.Site) | Entry(hdr.Clock)<<32
	}
}

// frameTells returns whether frame does what it promises.
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
