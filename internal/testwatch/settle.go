package testwatch

import (
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// A settling says whether the goroutines of a process have had the time to get to where they wait. That is processor
// time, not time: on a machine that is busy a thread may wait long for its turn.
type settling struct {
	rests time.Time     // since when no thread of the process was seen awake, or zero
	had   time.Duration // how much processor time each thread that was awake has had, on the average
	busy  time.Duration // what the process had used when it was last looked at
}

const (
	// settle is how much processor time one that computes has to get to where it waits. It need not be going to wait
	// at all.
	settle = 100 * time.Millisecond
	// rest is for how long no thread is awake in a process in which no goroutine is about to do anything. The runtime
	// looks every 10 ms for goroutines whose turn it is while the thread that they would run on is in a system call.
	rest = 15 * time.Millisecond
)

// look looks at the process, at time now.
func (s *settling) look(pid int, now time.Time) {
	awake, err := procfs.Awake(pid)
	if err != nil {
		return
	}
	if st, err := procfs.ReadStat(pid); err == nil {
		s.seen(now, awake, st.Busy)
	}
}

// seen takes in that so many threads are awake, and the process has used so much processor time.
func (s *settling) seen(now time.Time, awake int, busy time.Duration) {
	if s.busy != 0 {
		s.had += (busy - s.busy) / time.Duration(max(awake, 1))
	}
	s.busy = busy
	switch {
	case awake > 0:
		s.rests = time.Time{}
	case s.rests.IsZero():
		s.rests = now
	}
}

// resting reports whether nothing has gone on for long enough.
func (s *settling) resting(now time.Time) bool { return !s.rests.IsZero() && now.Sub(s.rests) >= rest }

// over reports whether what goes on has had its time.
func (s *settling) over() bool { return s.had >= settle }
