package record

import (
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// loopPlaces bounds the probes in a loop.
const loopPlaces = 4

// A loop is a goroutine that has passed the same few probes at every look.
type loop struct {
	seq         uint32
	places      []uint32 // sites, sorted
	head        uint32   // at the last look
	moved, from time.Time
	steps       int64
	looks       int
	cpu, calls  int64 // of the program, at the first look
	bytes       int64
	began       int64 // the first look, on the program's clock
}

// stalled is how long a goroutine in a loop may pass no probe. On a busy machine it must wait for a processor.
const stalled = 500 * time.Millisecond

// Loops finds which goroutines of ids pass only the probes of one small loop, and returns those that did at every call
// of Loops, if calls are at most gap apart. Nil ids mean all goroutines that have reached a probe lately.
func (r *Record) Loops(ids []int64, gap time.Duration) map[int64]*snapshot.Loop {
	now := time.Now()
	if now.Sub(r.looked) > gap {
		r.loops = nil
	}
	r.looked = now
	present, err := r.Now()
	if err != nil {
		return nil
	}
	st, _ := procfs.ReadStat(r.Process())
	calls, bytes, _ := procfs.ReadIO(r.Process())
	was := r.loops
	r.loops = make(map[int64]*loop)
	var born []int64
	err = r.eachSlot(func(h *runtime.Header, b []byte) {
		slot := load[runtime.Slot](b)
		if slot.Goid == 0 || slot.Seq%2 == 1 {
			return
		}
		born = append(born, h.Start+(int64(slot.Born)-1)*1e6)
		id := int64(slot.Goid)
		places := ringPlaces(&slot)
		if places == nil || ids != nil && !slices.Contains(ids, id) {
			return
		}
		l := was[id]
		switch {
		case l == nil || l.seq != slot.Seq ||
			slices.ContainsFunc(places, func(s uint32) bool { return !slices.Contains(l.places, s) }):
			const lately = 200 // in units of the coarse clock, milliseconds
			if ids == nil && h.Clock-uint32(slot.Ring[(slot.Head-1)%runtime.RingLen]>>32) > lately {
				return
			}
			l = &loop{
				seq: slot.Seq, places: places, from: now, moved: now,
				cpu: int64(st.Busy), calls: calls, bytes: bytes, began: present,
			}
		case l.head != slot.Head:
			l.steps += int64(slot.Head - l.head)
			l.moved = now
		case now.Sub(l.moved) > stalled:
			return
		}
		l.head = slot.Head
		l.looks++
		r.loops[id] = l
	})
	if err != nil {
		return nil
	}
	slices.Sort(born)
	loops := make(map[int64]*snapshot.Loop, len(r.loops))
	for id, l := range r.loops {
		before, _ := slices.BinarySearch(born, l.began)
		n := len(born) - before
		loops[id] = &snapshot.Loop{
			For: int64(now.Sub(l.from)), Looks: l.looks, Steps: l.steps, CPU: int64(st.Busy) - l.cpu,
			Reads: calls - l.calls, ReadBytes: bytes - l.bytes, Born: n,
		}
	}
	return loops
}

// ringPlaces returns the sites in the history of a slot, sorted; nil if they are too many, or the history is short.
func ringPlaces(slot *runtime.Slot) []uint32 {
	var places []uint32
	for _, e := range slot.Ring {
		site := uint32(e)
		if site == 0 {
			return nil
		}
		if !slices.Contains(places, site) {
			if places = append(places, site); len(places) > loopPlaces {
				return nil
			}
		}
	}
	slices.Sort(places)
	return places
}
