package record

import (
	"unsafe"

	"github.com/awaittrace/awaittrace/runtime"
)

// Left returns which of some goroutines have left the wait that began at the given time of the program's clock, by ID.
// A running program's record is read slot by slot: what a snapshot says of several goroutines was true at one moment
// only if none of them has left its wait after the last slot was read.
func (r *Record) Left(since map[int64]int64) (map[int64]bool, error) {
	left := make(map[int64]bool, len(since))
	for id := range since {
		left[id] = true
	}
	err := r.eachSlot(func(_ *runtime.Header, slot []byte) {
		id := int64(load[uint64](slot[slotGoid:]))
		begun, ok := since[id]
		if !ok || !inUse(slot) {
			return
		}
		depth := min(load[uint32](slot[slotDepth:]), runtime.WaitLen)
		for i := range uintptr(depth) {
			if load[runtime.Wait](slot[slotWaits+i*unsafe.Sizeof(runtime.Wait{}):]).Since == begun {
				delete(left, id)
			}
		}
	})
	return left, err
}
