//go:build amd64 || arm64

package reach

import (
	"errors"
	"testing"
	"time"
)

// A slowSource takes its time for each byte that is read at once.
type slowSource struct {
	Source
	perByte time.Duration
}

func (s slowSource) ReadMany(bufs [][]byte, addrs []uint64) (bad []int) {
	n := 0
	for _, b := range bufs {
		n += len(b)
	}
	time.Sleep(time.Duration(n) * s.perByte)
	return s.Source.ReadMany(bufs, addrs)
}

// A stalledSource takes so long for each call, and counts the calls.
type stalledSource struct {
	Source
	perCall time.Duration
	calls   int
}

func (s *stalledSource) ReadMemory(b []byte, addr uint64) error {
	s.calls++
	time.Sleep(s.perCall)
	return s.Source.ReadMemory(b, addr)
}

func (s *stalledSource) ReadMany(bufs [][]byte, addrs []uint64) (bad []int) {
	s.calls++
	time.Sleep(s.perCall)
	return s.Source.ReadMany(bufs, addrs)
}

// TestLate expects that nothing more is read of a program that has stood still for too long, however much of the copy
// is missing.
func TestLate(t *testing.T) {
	t.Parallel()
	exe := buildFile(t, "testdata/waits.go")
	prog, err := OpenProgram(exe)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, exe)
	const perCall = 30 * time.Millisecond
	for calls := range 4 {
		src := &stalledSource{Source: p}
		plan, err := Prepare(src, prog)
		if err != nil {
			t.Fatal(err)
		}
		defer plan.Close()
		src.perCall, src.calls = perCall, 0
		limit := time.Duration(calls)*perCall + perCall/2
		if _, err := captureRunning(p, plan, limit); !errors.Is(err, ErrLate) {
			t.Errorf("a copy that takes for more than %v: %v", limit, err)
		}
		if src.calls > calls+1 {
			t.Errorf("%d calls of %v each within %v", src.calls, perCall, limit)
		}
	}
}

// TestEstimate expects the estimate to tell how slow the machine is, and a copy that takes too long to be given up.
func TestEstimate(t *testing.T) {
	t.Parallel()
	exe := buildFile(t, "testdata/waits.go")
	prog, err := OpenProgram(exe)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, exe)
	for _, perByte := range []time.Duration{0, 200 * time.Nanosecond} {
		plan, err := Prepare(slowSource{p, perByte}, prog)
		if err != nil {
			t.Fatal(err)
		}
		defer plan.Close()
		pause, bytes := plan.Estimate()
		if real := time.Duration(bytes) * perByte; pause < real || pause > 3*real+10*time.Second {
			t.Errorf("%v a byte: the estimate is %v for %d bytes, which take %v", perByte, pause, bytes, real)
		}
		if _, err := captureRunning(p, plan, time.Nanosecond); !errors.Is(err, ErrLate) {
			t.Errorf("a copy that takes too long: %v", err)
		}
	}
}
