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
