package rewrite

import (
	"fmt"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
)

// A ProbeSet is a set of kinds of operation, as the flag -probe names them.
type ProbeSet uint8

// The kinds of operation that can have a probe.
const (
	ProbeChan  ProbeSet = 1 << iota // send, receive, range, select, close, make
	ProbeLock                       // Mutex, RWMutex, Locker
	ProbeIO                         // what the catalog lists
	ProbeSync                       // WaitGroup, Cond, Once
	ProbeSleep                      // time.Sleep
	ProbeLoop                       // each iteration of a loop

	// DefaultProbes is everything that can wait.
	DefaultProbes = ProbeChan | ProbeLock | ProbeIO | ProbeSync | ProbeSleep
)

var probeNames = []string{"chan", "lock", "io", "sync", "sleep", "loop"}

// ParseProbes parses a comma-separated list of kinds. "all" is every kind but loop.
func ParseProbes(list string) (ProbeSet, error) {
	var set ProbeSet
	for _, name := range strings.Split(list, ",") {
		name = strings.TrimSpace(name)
		if name == "all" {
			set |= DefaultProbes
			continue
		}
		i := slices.Index(probeNames, name)
		if i < 0 {
			return 0, fmt.Errorf("-probe: unknown kind %q (valid: %s, all)", name, strings.Join(probeNames, ", "))
		}
		set |= 1 << i
	}
	return set, nil
}

// String returns the list in the form that ParseProbes takes.
func (s ProbeSet) String() string {
	var names []string
	for i, name := range probeNames {
		if s&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

// probeSet returns the kind of op.
func probeSet(op runtime.Op) ProbeSet {
	switch op {
	case runtime.OpSend, runtime.OpRecv, runtime.OpRange, runtime.OpSelect, runtime.OpClose, runtime.OpMake:
		return ProbeChan
	case runtime.OpLock, runtime.OpRLock, runtime.OpUnlock, runtime.OpRUnlock, runtime.OpTryLock:
		return ProbeLock
	case runtime.OpWait, runtime.OpCond, runtime.OpOnce:
		return ProbeSync
	case runtime.OpIO:
		return ProbeIO
	case runtime.OpSleep:
		return ProbeSleep
	case runtime.OpGo: // it serves all the others
		return DefaultProbes
	}
	return ProbeLoop
}
