package runtime

import (
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// CondWait is c.Wait(). It notes that the goroutine does not hold c.L meanwhile.
//
//go:norace
//go:noinline
func CondWait(s *Site, c *sync.Cond) {
	sl, e := enter(s)
	if sl == nil {
		if sl, e = reach(s); sl == nil {
			c.Wait()
			return
		}
	}
	lock, kind := lockOf(c.L)
	taken := sl.drop(lock, e, kind)
	f := sl.inside(s, addr(c))
	c.Wait()
	sl.leave(f)
	e = entry(s)
	if taken.Site == 0 {
		taken.Site = s.id
	}
	sl.order(lock, s.id|taken.Site&HoldRead)
	sl.keep(lock, Entry(taken.Site)|e&^(1<<32-1))
}

// CondSignal is c.Signal().
//
//go:norace
func CondSignal(s *Site, c *sync.Cond) {
	note(s, unsafe.Pointer(c), KindCond, factSent)
	c.Signal()
}

// CondBroadcast is c.Broadcast().
//
//go:norace
func CondBroadcast(s *Site, c *sync.Cond) {
	note(s, unsafe.Pointer(c), KindCond, factSent)
	c.Broadcast()
}

// OnceDo is o.Do(f). It is inlined. For a Once that is done it loads one word and notes nothing, because nobody waits
// there.
func OnceDo(s *Site, o *sync.Once, f func()) {
	if !onceTells || atomic.LoadUint32((*uint32)(unsafe.Pointer(o))) == 0 {
		onceDo(s, o, f)
	}
}

// onceDo is o.Do(f) for a Once that may not be done. The operation lasts while f runs, here or in another goroutine.
//
//go:norace
//go:noinline
func onceDo(s *Site, o *sync.Once, f func()) {
	sl, _ := enter(s)
	if sl == nil {
		sl, _ = reach(s)
	}
	if sl == nil {
		o.Do(f)
		return
	}
	at := sl.inside(s, addr(o))
	defer sl.leave(at)
	doOnce(o, f)
}

// onceTells reports whether the first word of a Once tells whether it is done, as in every version of Go so far. If it
// is false, every call of Do counts as a wait: tryOnce failed before the record was made, or every probe is to be
// printed. OnceDo loads the word as Do does, so that the race detector sees the same order.
var onceTells bool

// tryOnce reports whether the first word of a Once is zero until it is done, and then one.
func tryOnce() bool {
	var o sync.Once
	done := (*uint32)(unsafe.Pointer(&o))
	before := atomic.LoadUint32(done)
	during := uint32(0)
	o.Do(func() { during = atomic.LoadUint32(done) })
	return before == 0 && during == 0 && atomic.LoadUint32(done) == 1
}

// Sleep is time.Sleep(d).
//
//go:norace
func Sleep(s *Site, d time.Duration) {
	sl, _ := enter(s)
	if sl == nil {
		sl, _ = reach(s)
	}
	if sl == nil || d <= 0 {
		time.Sleep(d)
		return
	}
	depth := sl.block(s, 0, 0)
	time.Sleep(d)
	sl.pass(s, depth)
}
