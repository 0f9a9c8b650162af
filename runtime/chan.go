package runtime

import "unsafe"

// Probes try channel operations first, and note them afterwards. They do not note an operation that panics: the panic
// tells where it was.

// A Sender is a channel that a value is about to be sent on.
type Sender[T any] struct {
	s  *Site
	ch chan<- T
}

// To begins ch <- v, which is To(s, ch).Send(v). The channel is evaluated before the value and alone gives the element
// type, so v may be nil, a constant or a value to be converted.
func To[T any](s *Site, ch chan<- T) Sender[T] { return Sender[T]{s, ch} }

// Send is ch <- v for a value of the channel's element type. A call evaluates its operands in the order of a send
// statement, even those that are not calls: in p.ch <- f(), the compiler calls f before it reads p.
func Send[T any](s *Site, ch chan<- T, v T) { Sender[T]{s, ch}.Send(v) }

// Send is ch <- v. A send that has to wait does so here, because each function that is left after the wait costs as
// much as a probe. If the channel is closed meanwhile, the send panics, which also ends the wait.
func (to Sender[T]) Send(v T) {
	if off {
		to.ch <- v
		return
	}
	select {
	case to.ch <- v:
		note(to.s, pointer(to.ch), KindChan, factSent)
		return
	default:
	}
	sl := waiting(to.s, pointer(to.ch), uint32(cap(to.ch)))
	if sl == nil {
		to.ch <- v
		return
	}
	sent := false
	defer func() {
		if !sent {
			sl.pass(to.s, sl.Depth-1)
		}
	}()
	to.ch <- v
	sent = true
	passed(sl, to.s, pointer(to.ch), factSent)
}

// waitingSlow does what waiting does, in all cases.
//
//go:norace
func waitingSlow(s *Site, ch unsafe.Pointer, capacity uint32) *Slot {
	sl, _ := enter(s)
	if sl == nil {
		if sl, _ = reach(s); sl == nil {
			return nil
		}
	}
	sl.block(s, uintptr(ch), capacity&^InfoFrame)
	return sl
}

// passedSlow does what passed does, in all cases.
//
//go:norace
func passedSlow(sl *Slot, s *Site, ch unsafe.Pointer, which uintptr) {
	e := sl.pass(s, sl.Depth-1)
	if sl.Noted[which&1] != (Noted{uint64(uintptr(ch)), e}) {
		sl.fact(e, uintptr(ch), KindChan, which, capacity(ch, KindChan))
	}
}

// Recv is <-ch.
func Recv[T any](s *Site, ch <-chan T) T {
	v, _ := RecvOK(s, ch)
	return v
}

// RecvOK is v, ok := <-ch. A receive that has to wait does so here, as a send does.
func RecvOK[T any](s *Site, ch <-chan T) (T, bool) {
	if off {
		v, ok := <-ch
		return v, ok
	}
	select {
	case v, ok := <-ch:
		if ok {
			note(s, pointer(ch), KindChan, factReceived)
		} else {
			Loop(s) // no value, so no fact
		}
		return v, ok
	default:
	}
	sl := waiting(s, pointer(ch), uint32(cap(ch)))
	v, ok := <-ch
	if sl == nil {
		return v, ok
	}
	if ok {
		passed(sl, s, pointer(ch), factReceived)
	} else {
		sl.pass(s, sl.Depth-1)
	}
	return v, ok
}

// RecvOKFor is v, *ok = <-ch, where ok is not of type bool. The parameter only gives its type.
func RecvOKFor[T any, B ~bool](s *Site, ch <-chan T, _ *B) (T, B) {
	v, ok := RecvOK(s, ch)
	return v, B(ok)
}

// A Ranger is a channel that a loop ranges over.
type Ranger[T any] struct {
	s  *Site
	ch <-chan T
}

// Range begins a loop over ch and receives the first value:
//
//	for v := range ch
//	for r, v, ok := Range(s, ch); ok; v, ok = r.Next()
func Range[T any](s *Site, ch <-chan T) (Ranger[T], T, bool) {
	v, ok := RecvOK(s, ch)
	return Ranger[T]{s, ch}, v, ok
}

// Next receives the next value.
func (r Ranger[T]) Next() (T, bool) { return RecvOK(r.s, r.ch) }

// Into receives the next value into p. When the channel is closed it leaves p alone, as a loop leaves its variable.
func (r Ranger[T]) Into(p *T) bool {
	v, ok := RecvOK(r.s, r.ch)
	if ok {
		*p = v
	}
	return ok
}

// Close is close(ch).
func Close[T any](s *Site, ch chan<- T) {
	close(ch)
	note(s, pointer(ch), KindChan, factClosed)
}

// Made returns ch, a channel that was just made. C is a channel type, of any direction and with or without a name.
func Made[C any](s *Site, ch C) C {
	note(s, pointer(ch), KindChan, factMade)
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
