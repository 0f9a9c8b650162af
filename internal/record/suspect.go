package record

import (
	"unsafe"

	"github.com/awaittrace/awaittrace/runtime"
)

// LocksSuspect reports whether goroutines may wait for each other's locks, or for a lock whose holder has exited, and
// returns the number of goroutines. It is for callers that look repeatedly, and takes a fraction of the time of a
// snapshot. No is certain; yes calls for a diagnosis.
func (r *Record) LocksSuspect() (suspect bool, goroutines int, err error) {
	h, err := readHeader(r.src)
	if err != nil {
		return false, 0, r.named(err)
	}
	l := locks{waits: make(map[uint64]uint64), holders: make(map[uint64][]uint64)}
	reader := newReader(r.src, h, 0)
	l.sites, err = reader.table(uint64(h.SiteOff)*pageSize, (uint64(h.Sites)+1)*runtime.SiteSize)
	if err != nil && h.SiteCap > 0 {
		return false, 0, r.named(err)
	}
	if err := r.eachSlot(func(_ *runtime.Header, b []byte) { l.add(b) }); err != nil {
		return false, 0, err
	}
	left := make(map[uint64]bool)
	if err := reader.eachOrphan(func(o *runtime.Orphan) { left[o.Obj] = true }); err != nil {
		return false, 0, r.named(err)
	}
	return l.suspect(left), l.n, nil
}

// locks has the lock that each goroutine waits for, and the holders of each lock.
type locks struct {
	sites   []byte
	n       int
	lost    bool
	waits   map[uint64]uint64   // by goroutine: the lock, or Once, that it waits for
	holders map[uint64][]uint64 // by lock
}

// add adds the goroutine in a slot. The slot may be changing. A wrong wait or lock only raises a suspicion.
func (l *locks) add(b []byte) {
	if !inUse(b) {
		return
	}
	goid := load[uint64](b)
	l.n++
	depth, held := load[uint32](b[slotDepth:]), load[uint32](b[slotHeld:])
	l.lost = l.lost || load[uint32](b[slotLost:]) > 0
	for i := range uintptr(min(depth, runtime.WaitLen)) {
		w := load[runtime.Wait](b[slotWaits+i*unsafe.Sizeof(runtime.Wait{}):])
		if w.Obj == 0 || !l.isLock(w.Site) {
			continue
		}
		if uint32(i) == depth-1 {
			l.waits[goid] = w.Obj
		} else { // inside the function of an Once
			l.holders[w.Obj] = append(l.holders[w.Obj], goid)
		}
	}
	for i := range uintptr(min(held, runtime.HeldLen)) {
		hold := load[runtime.Hold](b[slotLocks+i*unsafe.Sizeof(runtime.Hold{}):])
		l.holders[hold.Obj] = append(l.holders[hold.Obj], goid)
	}
}

// isLock reports whether the operation of a site waits for a holder of something.
func (l *locks) isLock(site uint32) bool {
	at := uint64(site) * runtime.SiteSize
	if at+runtime.SiteSize > uint64(len(l.sites)) {
		return true
	}
	return isHeld(load[runtime.SiteEntry](l.sites[at:]).Op)
}

// isHeld reports whether op waits for something that a goroutine may hold.
func isHeld(op runtime.Op) bool {
	switch op {
	case runtime.OpSend, runtime.OpRecv, runtime.OpRange, runtime.OpSelect, runtime.OpIO, runtime.OpSleep,
		runtime.OpLoop,
		runtime.OpClose, runtime.OpMake:
		return false
	}
	return true
}

func (l *locks) suspect(left map[uint64]bool) bool {
	for _, obj := range l.waits {
		if left[obj] || l.lost {
			return true
		}
		for _, holder := range l.holders[obj] {
			if _, waits := l.waits[holder]; waits {
				return true
			}
		}
	}
	return false
}
