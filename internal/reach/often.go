package reach

import (
	"runtime/debug"
	"sync"
)

const (
	// oftenFrom is how much a copy has for which garbage is collected more often than usual.
	oftenFrom = 64 << 20
	// oftenPercent is how much garbage there may be then, of what is in use: hardly any of that has pointers, so that a collection costs little.
	oftenPercent = 10
)

// often counts those who want garbage to be collected often, and has what was usual before the first.
var often struct {
	sync.Mutex
	users, percent int
}

// collectOften has garbage collected often, until done is called, where a copy of so many bytes has taken much memory already.
func collectOften(copied uint64) (done func()) {
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
