package inspect

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// TestNewProof: how long a program may stand still for a proof, and what is said where there is none.
func TestNewProof(t *testing.T) {
	for _, test := range []struct {
		name  string
		exe   string
		runs  bool
		opt   Options
		limit time.Duration
		why   string
	}{
		{"live", "exe", true, Options{}, maxPause, ""},
		{"live, always", "exe", true, Options{Prove: ProveAlways}, 0, ""},
		{"live, never", "exe", true, Options{Prove: ProveNever}, maxPause, "not asked for"},
		{"watched", "exe", true, Options{MaxPause: 20 * time.Millisecond}, 20 * time.Millisecond, ""},
		{"watched for long", "exe", true, Options{MaxPause: time.Minute}, maxPause, ""},
		{"held", "exe", false, Options{}, 0, ""},
		{"remote", "", false, Options{}, 0, "another machine"},
	} {
		s := &Session{exe: test.exe, runs: test.runs}
		p := s.newProof(test.opt)
		if p.limit != test.limit || !strings.Contains(p.why, test.why) || (p.why == "") != (test.why == "") {
			t.Errorf("%s: limit %v, %q, want %v, %q", test.name, p.limit, p.why, test.limit, test.why)
		}
	}
}

// TestProven: what was proven once stays so when there is no time for another proof, and where it cannot be read the
// snapshot says why.
func TestProven(t *testing.T) {
	look := func(s *Session, reach *snapshot.Reach, noProof string) *snapshot.Snapshot {
		snap := &snapshot.Snapshot{
			Goroutines: []snapshot.Goroutine{{ID: 7, State: "waiting", Reach: reach}, {ID: 8, State: "waiting"}},
			Memory:     &snapshot.Memory{NoProof: noProof},
		}
		s.remember(snap)
		return snap
	}
	s := new(Session)
	look(s, &snapshot.Reach{Answer: snapshot.Proven}, "")
	snap := look(s, nil, "too long")
	if g := snap.Goroutines; g[0].Reach == nil || g[0].Reach.Answer != snapshot.Proven || g[1].Reach != nil {
		t.Errorf("what was proven before: %+v", g)
	}

	p := &proof{exe: "exe"}
	p.Ready(nil, false, errors.New("no memory"))
	p.Capture()
	p.tell(snap)
	if snap.Memory.NoProof != "no memory" {
		t.Errorf("no proofs: %q", snap.Memory.NoProof)
	}
	p.close(snap)
}
