//go:build (amd64 || arm64) && !awaittrace_portable

package inspect

import (
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
)

// A stalledSource takes so long for each call.
type stalledSource struct {
	*procfs.Process
	perCall time.Duration
}

func (s *stalledSource) ReadMemory(b []byte, addr uint64) error {
	time.Sleep(s.perCall)
	return s.Process.ReadMemory(b, addr)
}

func (s *stalledSource) ReadMany(bufs [][]byte, addrs []uint64) (bad []int) {
	time.Sleep(s.perCall)
	return s.Process.ReadMany(bufs, addrs)
}

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
	stalled.perCall = maxPause / 2
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
