package runtime

import "unsafe"

// Operations on channels are tried first, and noted afterwards. An operation that panics is not noted: where it was, the panic says.

// A Sender is a channel that a value is about to be sent on.
type Sender[T any] struct {
	s  *Site
	ch chan<- T
}

// To begins ch <- v, which is To(s, ch).Send(v): the channel is evaluated before the value, and alone gives the
// element type, so that v may be nil, a constant or a value to be converted.
func To[T any](s *Site, ch chan<- T) Sender[T] { return Sender[T]{s, ch} }

// Send is ch <- v for a value of the channel's element type. The operands of one call are evaluated in the order of those of a send
// statement also where they are no calls: in p.ch <- f(), the compiler calls f before it looks into p.
func Send[T any](s *Site, ch chan<- T, v T) { Sender[T]{s, ch}.Send(v) }

// Send is ch <- v.
func (to Sender[T]) Send(v T) {
	select {
	case to.ch <- v:
		note(to.s, address(to.ch), KindChan, factSent, uint32(cap(to.ch)))
	default:
		to.block(v)
	}
}

// block sends a value that has to wait. A channel that is closed meanwhile makes it panic, which also ends the wait.
func (to Sender[T]) block(v T) {
	sl, _ := enter(to.s)
	if sl == nil {
		if sl, _ = reach(to.s); sl == nil {
			to.ch <- v
			return
		}
	}
	sent := false
	d := sl.block(to.s, address(to.ch), uint32(cap(to.ch)))
	defer func() {
		e := sl.pass(to.s, d)
		if sent {
			sl.fact(e, address(to.ch), KindChan, factSent, uint32(cap(to.ch)))
		}
	}()
	to.ch <- v
	sent = true
}

// Recv is <-ch.
func Recv[T any](s *Site, ch <-chan T) T {
	v, _ := RecvOK(s, ch)
	return v
}

// RecvOK is v, ok := <-ch.
func RecvOK[T any](s *Site, ch <-chan T) (T, bool) {
	select {
	case v, ok := <-ch:
		received(s, address(ch), uint32(cap(ch)), ok)
		return v, ok
	default:
		return recvBlock(s, ch)
	}
}

// received is the probe of a receive that did not wait. One from a closed channel is no fact of the channel.
func received(s *Site, ch uintptr, capacity uint32, ok bool) {
	if ok {
		note(s, ch, KindChan, factReceived, capacity)
	} else {
		Loop(s)
	}
}

// recvBlock receives a value that has to be waited for.
func recvBlock[T any](s *Site, ch <-chan T) (T, bool) {
	sl, _ := enter(s)
	if sl == nil {
		sl, _ = reach(s)
	}
	d := sl.block(s, address(ch), uint32(cap(ch)))
	v, ok := <-ch
	e := sl.pass(s, d)
	if ok && sl != nil {
		sl.fact(e, address(ch), KindChan, factReceived, uint32(cap(ch)))
	}
	return v, ok
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

// Into receives the next value into p. When the channel is closed it leaves p alone, as a loop does with its variable.
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
	note(s, address(ch), KindChan, factClosed, uint32(cap(ch)))
}

// Made returns ch, a channel that was just made. C is a channel type, of any direction and with or without a name.
func Made[C any](s *Site, ch C) C {
	c := *(*chan struct{})(unsafe.Pointer(&ch)) // the capacity does not depend on the element type
	note(s, address(c), KindChan, factMade, uint32(cap(c)))
	return ch
}

// address returns the address of a channel, 0 for nil.
func address[C any](ch C) uintptr { return *(*uintptr)(unsafe.Pointer(&ch)) }
