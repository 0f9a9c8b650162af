package runtime

import "unsafe"

// A select is
//
//	select {
//	case v := <-CaseRecv(s, 0, a):
//		Chose(s, 0)
//	case CaseSend(s, 1, b) <- x:
//		Chose(s, 1)
//	}
//
// Operands are evaluated in source order, so the last of them marks the moment when the select is about to wait. Cases
// notes the last two channels at once.

// CaseRecv returns ch, the channel that clause i receives from.
func CaseRecv[T any](s *Site, i int, ch <-chan T) <-chan T {
	if !off {
		addCase(s, pointer(ch), i<<CaseLen)
	}
	return ch
}

// CaseSend returns ch, the channel that clause i sends on.
func CaseSend[T any](s *Site, i int, ch chan<- T) chan<- T {
	if !off {
		addCase(s, pointer(ch), i<<CaseLen|1<<i&(1<<CaseLen-1))
	}
	return ch
}

// Cases returns ch, the channel of the last clause, i+1, and notes also before, that of clause i. Bit n of sends is set
// if clause i+n sends.
func Cases[B, C any](s *Site, i, sends int, before B, ch C) C {
	if !off {
		// With calls of pointer it would not be inlined. The copies stay in registers.
		a, b := before, ch
		addCases(s, *(*unsafe.Pointer)(unsafe.Pointer(&a)), *(*unsafe.Pointer)(unsafe.Pointer(&b)), i, sends)
	}
	return ch
}

// CaseValue returns v, the value that the last clause sends. The rewriter adds it where the evaluation of v may itself
// take long: the select begins to wait only after it.
func CaseValue[V any](s *Site, v V) V {
	caseValue(s)
	return v
}

//go:norace
func caseValue(s *Site) {
	if sl := own(); sl != nil && s.id != 0 {
		sl.selects(s)
	}
}

// addCaseSlow does what addCase does, in all cases. A select in an operand of this one overwrites its cases before i,
// which are then shown as unknown.
//
//go:norace
func addCaseSlow(s *Site, ch unsafe.Pointer, c int) {
	sl := current()
	if sl == nil || s.id == 0 {
		if sl = newCase(s); sl == nil {
			return
		}
	}
	i := c >> CaseLen
	if sl.CaseSite != s.id || i != 0 && sl.CaseNext != uint32(i) {
		sl.CaseSite, sl.CaseSend, sl.Cases = s.id, 0, [CaseLen]uint64{}
	}
	if i == 0 {
		sl.CaseSend = 0
	}
	if i < CaseLen {
		sl.Cases[i] = uint64(uintptr(ch))
		sl.CaseSend |= uint32(c) & (1 << i)
	}
	sl.CaseNext = uint32(i) + 1
	if sl.CaseNext == uint32(s.Cases) {
		sl.selects(s)
	}
}

// addCasesSlow does what addCases does, in all cases.
//
//go:norace
func addCasesSlow(s *Site, a, b unsafe.Pointer, i, sends int) {
	c := i<<CaseLen | sends<<i&(1<<CaseLen-1)
	addCaseSlow(s, a, c)
	addCaseSlow(s, b, c+1<<CaseLen)
}

// newCase returns the slot at the first use of a select, by the program or by this goroutine; nil for a plain select.
//
//go:norace
//go:noinline
func newCase(s *Site) *Slot {
	if state == stateOff {
		return nil
	}
	raceDisable()
	sl := prepare(s)
	raceEnable()
	return sl
}

// selects notes that the select was reached, and that it waits unless it has a default clause. It may not have to wait;
// nor may a send.
//
//go:norace
func (sl *Slot) selects(s *Site) {
	waiting := sl.Depth != 0 && sl.Waits[(sl.Depth-1)%WaitLen].Site == s.id
	if !waiting || sl.last().site() != s.id {
		// A select with a default does not wait, which would move the clock on.
		if sl.Head&(tickEvery-1) == 0 && (sl.Head != 0 || recent() == 0) {
			readClock()
		}
		sl.record(entry(s))
		if state == stateLog {
			logReached(sl, s)
		}
	}
	if s.Flags&SiteDefault == 0 {
		sl.blockChan(s, nil)
	}
}

// Chose notes that clause i was chosen, -1 for default. For default it does nothing if there are other clauses: the
// last of them has noted everything.
func Chose(s *Site, i int) {
	if !off && (i >= 0 || s.Cases == 0) {
		chose(s, i)
	}
}

// choseSlow does what chose does, in all cases.
//
//go:norace
func choseSlow(s *Site, i int) {
	sl := own()
	if sl == nil || s.id == 0 || sl.Head == 0 {
		// The goroutine or the site is new: the select has only a default clause.
		reach(s)
		return
	}
	e := entry(s)
	for d := sl.Depth; d > 0; d-- {
		if sl.Waits[d-1].Site == s.id {
			e = sl.pass(s, d-1)
			break
		}
	}
	if sl.last().site() != s.id {
		sl.record(e)
	}
	if sl.CaseSite == s.id && i >= 0 && i < CaseLen && sl.Cases[i] != 0 {
		sl.caseFact(e, i)
	}
}

// caseFact notes the operation of clause i on its channel. A receive from a closed channel gets no value, so it is no
// fact.
//
//go:norace
func (sl *Slot) caseFact(e Entry, i int) {
	ch, which := sl.Cases[i], uintptr(factReceived)
	if sl.CaseSend&(1<<i) != 0 {
		which = factSent
	}
	if sl.Noted[which&1] == (Noted{ch, e}) {
		return
	}
	if which == factSent || !isClosed(uintptr(ch)) {
		sl.fact(e, uintptr(ch), KindChan, which, 0)
	}
}

// Forever stands before select {}, which nothing can end.
//
//go:norace
func Forever(s *Site) {
	sl, _ := enter(s)
	if sl == nil {
		sl, _ = reach(s)
	}
	if sl != nil {
		sl.block(s, 0, 0)
	}
}

// Loop stands first in the body of a loop (-probe loop).
func Loop(s *Site) {
	if !off {
		loop(s)
	}
}

//go:norace
func loop(s *Site) {
	if sl, _ := enter(s); sl == nil {
		reach(s)
	}
}
