package watch

import (
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// A settling says whether the goroutines of a process have had the time to reach their waits. It counts processor time,
// because on a busy machine a thread may wait long for its turn.
type settling struct {
	rests time.Time     // since when no thread of the process was seen awake, or zero
	had   time.Duration // average processor time of each thread that was awake
	busy  time.Duration // what the process had used at the last look
}

const (
	// settle is how much processor time a computing goroutine has to reach its wait. It may not be going to wait at
	// all.
	settle = 100 * time.Millisecond
	// rest is how long no thread is awake in a process in which no goroutine is about to do anything. Every 10 ms the
	// runtime looks for goroutines whose turn it is while their thread is in a system call.
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

// seen notes that awake threads are awake, and that the process has used busy processor time.
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

// dozes reports whether a goroutine that slept may not have had its turn, elapsed after it was first seen asleep.
func (s *settling) dozes(now time.Time, elapsed time.Duration) bool {
	return elapsed < doze || !s.resting(now) && !s.over()
}
