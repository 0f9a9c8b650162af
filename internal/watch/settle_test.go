package watch

import (
	"testing"
	"time"
)

// TestSettling checks that two things count: the processor time that a thread has had, and how long no thread wanted
// any.
func TestSettling(t *testing.T) {
	start := time.Unix(1000, 0)
	for _, test := range []struct {
		name          string
		looks         looks
		resting, over bool
	}{
		{name: "nothing seen"},
		{name: "seen asleep once", looks: looks{{0, 0, time.Second}}},
		{name: "asleep for long", looks: looks{{0, 0, time.Second}, {rest, 0, time.Second}}, resting: true},
		{name: "awake between", looks: looks{{0, 0, time.Second}, {rest / 2, 1, time.Second}, {rest, 0, time.Second}}},
		{name: "waits for a processor",
			looks: looks{{0, 1, time.Second}, {10 * time.Second, 1, time.Second + settle/2}}},
		{name: "has had it", looks: looks{{0, 1, time.Second}, {10 * time.Second, 1, time.Second + settle}},
			over: true},
		{name: "shares it with others", looks: looks{{0, 4, time.Second}, {settle, 4, time.Second + 3*settle}}},
	} {
		var s settling
		now := start
		for _, l := range test.looks {
			now = start.Add(l.at)
			s.seen(now, l.awake, l.busy)
		}
		if s.resting(now) != test.resting || s.over() != test.over {
			t.Errorf("%s: resting %v, over %v", test.name, s.resting(now), s.over())
		}
		if late := !test.resting && !test.over; !s.dozes(now, doze/2) || s.dozes(now, doze) != late {
			t.Errorf("%s: dozes for more than %v: %v", test.name, doze, s.dozes(now, doze))
		}
	}
}

type looks []struct {
	at    time.Duration
	awake int
	busy  time.Duration
}
