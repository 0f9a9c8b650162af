package reach

import (
	"runtime"
	"runtime/debug"
	"sync"
)

const (
	// oftenFrom is the size of a copy from which garbage is collected more often than usual.
	oftenFrom = 64 << 20
	// oftenPercent is the GC percent then: hardly any of the heap has pointers, so a collection costs little.
	oftenPercent = 10
)

// often counts the callers of CollectOften, and has the GC percent before the first.
var often struct {
	sync.Mutex
	users, percent int
}

// Collect collects garbage if a copy of so many bytes takes much memory.
func Collect(copied uint64) {
	if copied >= oftenFrom {
		runtime.GC()
	}
}

// CollectOften has garbage collected often until done is called, if a copy of so many bytes takes much memory.
func CollectOften(copied uint64) (done func()) {
	if copied < oftenFrom {
		return func() {}
	}
	often.Lock()
	defer often.Unlock()
	if often.users++; often.users == 1 {
		often.percent = debug.SetGCPercent(oftenPercent)
	}
	return func() {
		often.Lock()
		defer often.Unlock()
		if often.users--; often.users == 0 {
			debug.SetGCPercent(often.percent)
		}
	}
}
