package runtime

import (
	goruntime "runtime"
	"strings"
	"testing"
	"time"
)

// newSite returns a site that no other test uses. What more there is in its line of File.Text may follow expr.
func newSite(op Op, kind Kind, expr string, more ...string) *Site {
	const fn = "main.f\n"
	line := "\t" + strings.Join(append([]string{expr}, more...), "\t") + "\n"
	return &Site{File: &File{"/src/a.go", fn + line}, Text: uint32(len(fn)), Line: 1, Col: 2, Op: op, Kind: kind}
}

// mine returns a copy of this goroutine's slot.
func mine(t *testing.T) Slot {
	t.Helper()
	sl := own()
	if sl == nil {
		t.Fatal("the goroutine has no slot")
	}
	return copySlot(sl)
}

//go:norace
func copySlot(sl *Slot) Slot { return *sl }

// recent returns the sites of the last n entries of the history, newest first.
func (sl *Slot) recent(n int) []uint32 {
	var sites []uint32
	for i := 0; i < n; i++ {
		sites = append(sites, sl.Ring[(sl.Head-1-uint32(i))%RingLen].site())
	}
	return sites
}

// holds returns the addresses of the locks held, oldest first.
func (sl *Slot) holds() []uintptr {
	var held []uintptr
	for _, h := range sl.Locks[:sl.Held] {
		held = append(held, uintptr(h.Obj))
	}
	return held
}

// A blocked is a goroutine that waits.
type blocked struct {
	t    *testing.T
	slot *Slot
	done chan struct{}
}

// block starts f in a goroutine, and returns when f waits at s.
func block(t *testing.T, s *Site, f func()) *blocked {
	t.Helper()
	b := &blocked{t: t, done: make(chan struct{})}
	slot := make(chan *Slot, 1)
	go func() {
		defer close(b.done)
		Loop(s)
		slot <- own()
		f()
	}()
	b.slot = <-slot
	if b.slot == nil {
		t.Fatal("the goroutine has no slot")
	}
	if !eventually(func() bool { w, ok := b.waits(); return ok && w.Site == siteID(s) }) {
		t.Fatalf("the goroutine does not wait: %+v", copySlot(b.slot))
	}
	return b
}

// patience bounds waits for expected events, on a machine that may be very busy.
const patience = time.Minute

// eventually waits until cond holds, and reports whether it does.
func eventually(cond func() bool) bool {
	for end := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// clock returns the time of the clock that probes read, which is late by up to a tick.
func clock() int64 {
	Loop(newSite(OpLoop, KindNone, "for")) // begins the record
	return now()
}

// whenBlocked waits until the goroutine of a slot waits in a probe, and then for d. Without a slot, because probes are
// off, it only waits for d.
func whenBlocked(sl *Slot, d time.Duration) {
	if sl != nil {
		eventually(func() bool { return copySlot(sl).Depth > 0 })
	}
	time.Sleep(d)
}

// waits returns the innermost Wait of the goroutine, and whether it is at its last probe.
func (b *blocked) waits() (Wait, bool) {
	sl := copySlot(b.slot)
	if sl.Depth == 0 {
		return Wait{}, false
	}
	w := sl.Waits[sl.Depth-1]
	return w, w.Site == sl.recent(1)[0]
}

// join waits for the goroutine to end, and returns its last slot.
func (b *blocked) join() Slot {
	b.t.Helper()
	select {
	case <-b.done:
	case <-time.After(patience):
		b.t.Fatal("the goroutine does not end")
	}
	return copySlot(b.slot)
}

//go:norace
func siteID(s *Site) uint32 { return s.id }

// known returns a copy of the Object at addr.
//
//go:norace
func known(addr uintptr) Object {
	if o := object(addr); o != nil {
		return *o
	}
	return Object{}
}

// address returns the address of a channel.
func address[C any](ch C) uintptr { return uintptr(pointer(ch)) }

// entryOf returns the entry of a site in the record, and its three strings.
//
//go:norace
func entryOf(id uint32) (e SiteEntry, file, fn, expr string) {
	e = *(*SiteEntry)(at(base, uintptr(hdr.SiteOff)<<pageShift+uintptr(id)*SiteSize))
	return e, textAt(e.File, e.FileLen), textAt(e.Func, e.FuncLen), textAt(e.Expr, e.ExprLen)
}

// orphans returns the graveyard, oldest first.
//
//go:norace
func orphans() []Orphan {
	var all []Orphan
	for n := max(hdr.Orphans, hdr.OrphanCap) - hdr.OrphanCap; n < hdr.Orphans; n++ {
		all = append(all, *(*Orphan)(at(base, uintptr(hdr.OrphanOff)<<pageShift+uintptr(n%hdr.OrphanCap)*OrphanSize)))
	}
	return all
}

// panicText returns the value that f panics with, as text.
func panicText(f func()) (text string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case goruntime.Error:
			text = r.Error()
		case error:
			text = r.Error()
		case string:
			text = r
		default:
			text = "?"
		}
	}()
	f()
	return ""
}

// receive is <-ch with its probes.
func receive[T any](s *Site, ch <-chan T) T { return Received(<-BeginRecv(s, ch)) }
