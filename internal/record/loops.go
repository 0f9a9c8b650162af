package record

import (
	"slices"
	"sync"
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
	waiting     int          // looks that found it in a wait
	cpu, calls  int64        // of the program, at the first look
	turns       procfs.Turns // at the first look
	bytes       int64
	began       int64 // the first look, on the program's clock
}

// stalled is how long a goroutine in a loop may pass no probe. One that does not wait, in a program that wants a
// processor, may take longer: a busy machine may have none for it.
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
	turns := r.meter.Read(r.Process())
	ready := sync.OnceValue(func() bool { return procfs.Ready(r.Process()) }) // few looks need it
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
		state := r.gName(h, slot.G, slot.Goid)
		switch {
		case l == nil || l.seq != slot.Seq ||
			slices.ContainsFunc(places, func(s uint32) bool { return !slices.Contains(l.places, s) }):
			const lately = 200 // in units of the coarse clock, milliseconds
			if ids == nil && h.Clock-uint32(slot.Ring[(slot.Head-1)%runtime.RingLen]>>32) > lately {
				return
			}
			l = &loop{
				seq: slot.Seq, places: places, from: now, moved: now,
				cpu: int64(st.Busy), turns: turns, calls: calls, bytes: bytes, began: present,
			}
		case l.head != slot.Head:
			l.steps += int64(slot.Head - l.head)
			l.moved = now
		case now.Sub(l.moved) > stalled && (state == "waiting" || state == "" || !ready()):
			return
		}
		l.head = slot.Head
		l.looks++
		if state == "waiting" {
			l.waiting++
		}
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
			For: int64(now.Sub(l.from)), Looks: l.looks, Waiting: l.waiting, Steps: l.steps,
			// The first is exact, and lacks threads that have ended.
			CPU:  max(int64(turns.Ran-l.turns.Ran), int64(st.Busy)-l.cpu),
			Kept: int64(turns.Kept - l.turns.Kept), Reads: calls - l.calls, ReadBytes: bytes - l.bytes, Born: n,
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
