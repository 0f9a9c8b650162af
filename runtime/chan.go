package runtime

import "unsafe"

// A channel operation stays in the user's function, between two probes:
//
//	BeginSend(s, ch) <- v; EndSend()
//	v, ok := <-BeginRecv(s, ch); EndRecv()
//
// After a switch of goroutines each frame that is left costs about as much as a probe, and a probe that does the
// operation adds one. Nothing else happens between the two, so the end needs no parameters: it belongs to the last wait
// of its goroutine. A send that panics has no end. What the goroutine reaches next shows that it is over.

// BeginSend is about to send on ch, which it returns.
func BeginSend[T any](s *Site, ch chan<- T) chan<- T {
	if !off {
		beginSend(s, pointer(ch))
	}
	return ch
}

// Sending is BeginSend where the evaluation of v, the value, may take long, or panic. It returns v:
//
//	ch <- Sending(s, ch, v); EndSend()
func Sending[T any](s *Site, ch chan<- T, v T) T {
	if !off {
		beginSend(s, pointer(ch))
	}
	return v
}

// EndSend notes that a send is over.
func EndSend() {
	if !off {
		endSend()
	}
}

// BeginRecv is about to receive from ch, which it returns.
func BeginRecv[T any](s *Site, ch <-chan T) <-chan T {
	if !off {
		beginRecv(s, pointer(ch))
	}
	return ch
}

// EndRecv notes that a receive is over.
func EndRecv() {
	if !off {
		endRecv()
	}
}

// Received is EndRecv where a receive is part of an expression. It returns v, the value.
func Received[T any](v T) T {
	EndRecv()
	return v
}

// beginChanSlow does what beginSend and beginRecv do, in all cases.
//
//go:norace
func beginChanSlow(s *Site, ch unsafe.Pointer) {
	sl, _ := enter(s)
	if sl == nil {
		sl, _ = reach(s)
	}
	sl.blockChan(s, ch)
}

// blockChan notes that the operation at s, the last probe reached, is about to begin on a channel, or on several, which
// ch is nil for. The fact of the operation is to be noted at its end, so the wait begins a nanosecond later than the
// clock says. Where it begins at the clock's reading, the goroutine has noted the fact before.
//
//go:norace
func (sl *Slot) blockChan(s *Site, ch unsafe.Pointer) {
	d := sl.block(s, uintptr(ch), capacity(ch, KindChan)&^InfoFrame)
	if sl != nil {
		sl.Waits[d%WaitLen].Since++
	}
}

// endSendSlow does what endSend does, in all cases, and endRecvSlow what endRecv does.
//
//go:norace
func endSendSlow() {
	if sl := own(); sl != nil && sl.Depth != 0 {
		sl.passChan(factSent)
	}
}

//go:norace
func endRecvSlow() {
	if sl := own(); sl != nil && sl.Depth != 0 {
		sl.passChan(factReceived)
	}
}

// passChan notes that the last wait is over, and its fact.
//
//go:norace
func (sl *Slot) passChan(which uintptr) {
	sl.Depth--
	w := &sl.Waits[sl.Depth%WaitLen]
	sl.over(w)
	sl.chanFact(w, which)
}

// chanFact notes the fact of an operation that is over, unless the goroutine has noted it. A receive from a closed
// channel gets no value, so it is no fact.
//
//go:norace
func (sl *Slot) chanFact(w *Wait, which uintptr) {
	e := *sl.last()
	if sl.Noted[which&1] != (Noted{w.Obj, e}) && (which == factSent || !isClosed(uintptr(w.Obj))) {
		sl.fact(e, uintptr(w.Obj), KindChan, which, w.Info)
	}
}

// A Sender is a channel that a value is about to be sent on.
type Sender[T any] struct {
	s  *Site
	ch chan<- T
}

// To begins ch <- v, which is To(s, ch).Send(v). The channel is evaluated before the value and alone gives the element
// type, so v may be nil, a constant or a value to be converted.
func To[T any](s *Site, ch chan<- T) Sender[T] { return Sender[T]{s, ch} }

// Send is ch <- v.
func (to Sender[T]) Send(v T) { Send(to.s, to.ch, v) }

// Send is ch <- v, where v has the channel's element type. A call evaluates its operands in the order of a send
// statement, even those that are not calls: in p.ch <- f(), the compiler calls f before it reads p.
func Send[T any](s *Site, ch chan<- T, v T) {
	BeginSend(s, ch) <- v
	EndSend()
}

// RecvOK is v, ok := <-ch in an expression.
func RecvOK[T any](s *Site, ch <-chan T) (T, bool) {
	v, ok := <-BeginRecv(s, ch)
	EndRecv()
	return v, ok
}

// RecvOKFor is v, *ok = <-ch, where ok is not of type bool. The parameter only gives its type.
func RecvOKFor[T any, B ~bool](s *Site, ch <-chan T, _ *B) (T, B) {
	v, ok := RecvOK(s, ch)
	return v, B(ok)
}

// Ranged returns ch, and the variable of a loop over it where all iterations share one.
func Ranged[T any](ch <-chan T) (<-chan T, T) {
	var v T
	return ch, v
}

// Close is close(ch).
func Close[T any](s *Site, ch chan<- T) {
	close(ch)
	note(s, pointer(ch), KindChan, factClosed)
}

// Made returns ch, a channel that was just made. C is a channel type, of any direction and with or without a name.
func Made[C any](s *Site, ch C) C {
	made(s, pointer(ch))
	return ch
}

// pointer returns the address of a channel, or nil.
func pointer[C any](ch C) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&ch)) }

// capacity returns the capacity of a channel, of any element type, and 0 for other objects.
func capacity(obj unsafe.Pointer, kind Kind) uint32 {
	if kind != KindChan {
		return 0
	}
	return uint32(cap(*(*chan struct{})(unsafe.Pointer(&obj))))
}
