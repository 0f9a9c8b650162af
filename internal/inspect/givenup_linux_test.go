//go:build (amd64 || arm64) && !awaittrace_portable

package inspect

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
)

// A stalledSource takes long for some calls.
type stalledSource struct {
	*procfs.Process
	calls atomic.Int32
}

func (s *stalledSource) stall() {
	if s.calls.Add(-1) >= 0 {
		time.Sleep(maxPause / 2)
	}
}

func (s *stalledSource) ReadMemory(b []byte, addr uint64) error {
	s.stall()
	return s.Process.ReadMemory(b, addr)
}

func (s *stalledSource) ReadMany(bufs [][]byte, addrs []uint64) (bad []int) {
	s.stall()
	return s.Process.ReadMany(bufs, addrs)
}

// stalls is how many calls must take long for a copy to be given up.
const stalls = 5

// TestGivenUp expects that a copy is given up which takes much longer than the estimate said, and that the report says
// so.
func TestGivenUp(t *testing.T) {
	exe, pid := startPlain(t, "")
	src, err := procfs.OpenProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	stalled := &stalledSource{Process: src}
	s := &Session{exe: exe, runs: true}
	p := s.newProof(Options{})
	p.in(target.Options{})
	if p.Ready(stalled, false, nil); p.plan == nil {
		t.Skip(p.why) // the machine is too busy
	}
	stalled.calls.Store(stalls)
	if _, err := src.Stop(func() error { p.Capture(); return nil }); err != nil {
		t.Fatal(err)
	}
	snap := &snapshot.Snapshot{HasStates: true, Objects: map[uint64]*snapshot.Object{},
		Goroutines: []snapshot.Goroutine{{ID: 1, State: "waiting"}}}
	p.tell(snap)
	p.close(snap)
	var text strings.Builder
	if err := report.Text(&text, diagnose.Analyze(snap, diagnose.Options{}), report.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	if want := "no proofs: given up after 400ms, estimate "; !strings.Contains(text.String(), want) {
		t.Errorf("the report does not say %q:\n%s", want, text.String())
	}
}

// TestBareProof expects the same goroutines and stacks of a program without debug information if nothing is to be
// proven, if they are taken from what is copied for a proof, and if that copy is given up.
func TestBareProof(t *testing.T) {
	exe, pid := startPlain(t, "-w")
	read := func(o target.Options, calls int32) map[int64][]snapshot.Frame {
		src, err := procfs.OpenProcess(pid)
		if err != nil {
			t.Fatal(err)
		}
		stalled := &stalledSource{Process: src}
		b := &bare{pid: pid, exe: exe, open: func() (reach.Source, error) { return stalled, nil },
			stop: func(_ reach.Source, f func() error) (time.Duration, error) {
				stalled.calls.Store(calls)
				return src.Stop(f)
			}}
		o.MaxStacks = maxCopied
		o.Select = func(all iter.Seq[*snapshot.Goroutine]) target.Wanted {
			return target.Wanted{Stacks: representatives(all)}
		}
		res, err := b.Read(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		stacks := make(map[int64][]snapshot.Frame)
		for _, g := range res.Goroutines {
			stacks[g.ID] = g.Stack
		}
		return stacks
	}
	syscall.Kill(pid, syscall.SIGSTOP) // so that it stands where it does
	for procfs.ThreadState(pid) != 'T' {
		time.Sleep(time.Millisecond)
	}
	s := &Session{exe: exe, runs: true}
	want := read(target.Options{}, 0)
	if len(want) < 10 {
		t.Fatalf("it has %d goroutines", len(want))
	}
	for _, calls := range []int32{0, stalls} {
		p := s.newProof(Options{})
		got := read(p.in(target.Options{}), calls)
		if p.plan == nil {
			t.Skip(p.why) // the machine is too busy
		}
		if copied := p.capture != nil; copied != (calls == 0) {
			t.Errorf("%d calls take long: copied: %t, %s", calls, copied, p.why)
		}
		if !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("%d calls take long: got %v, want %v", calls, got, want)
		}
		p.close(nil)
	}
}
