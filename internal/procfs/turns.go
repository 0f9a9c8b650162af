package procfs

import (
	"bytes"
	"strconv"
	"time"
)

// A Meter measures how long a process has a processor, and how long it is kept from one. The zero value is ready for
// use.
type Meter struct {
	last  map[int]Turns // of each thread, at the last call
	total Turns
}

// Turns says how long a thread or a process has run, and for how long it was ready to run and had no processor.
type Turns struct{ Ran, Kept time.Duration }

// Read returns the turns of process pid since the first call. Of threads that are kept at the same time only one
// counts: between two calls the one that is kept longest. The result lacks waits that have not ended. It is zero if the
// kernel does not tell (CONFIG_SCHED_INFO).
func (m *Meter) Read(pid int) Turns {
	now := make(map[int]Turns)
	var kept time.Duration
	for _, tid := range someThreads(pid) {
		turns, ok := readTurns(path(pid, "task/"+strconv.Itoa(tid)+"/schedstat"))
		if !ok {
			continue
		}
		now[tid] = turns
		if was, ok := m.last[tid]; ok {
			m.total.Ran += turns.Ran - was.Ran
			kept = max(kept, turns.Kept-was.Kept)
		}
	}
	m.last = now
	m.total.Kept += kept
	return m.total
}

// readTurns reads the first two numbers of a thread's schedstat.
func readTurns(name string) (Turns, bool) {
	b, err := readFile(name)
	if err != nil {
		return Turns{}, false
	}
	f := bytes.Fields(b)
	if len(f) < 2 {
		return Turns{}, false
	}
	ran, err1 := strconv.ParseInt(string(f[0]), 10, 64)
	kept, err2 := strconv.ParseInt(string(f[1]), 10, 64)
	return Turns{time.Duration(ran), time.Duration(kept)}, err1 == nil && err2 == nil
}
