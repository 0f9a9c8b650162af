package target

import (
	"testing"

	"github.com/awaittrace/awaittrace/runtime"
)

// The runtime calls a goroutine waiting that stops the world or helps the garbage collector, but it has a thread.
func TestStateOfHelpers(t *testing.T) {
	s := &session{reasons: []string{"", "chan send", "flushing proc caches"}}
	for _, tt := range []struct {
		g             goroutine
		state, reason string
	}{
		{goroutine{status: runtime.GWaiting, reason: 1}, "waiting", "chan send"},
		{goroutine{status: runtime.GLeaked, reason: 1}, "waiting", "chan send"},
		{goroutine{status: runtime.GWaiting, reason: 2, m: 0x1000}, "runnable", ""},
		{goroutine{status: runtime.GRunning, reason: 1, m: 0x1000}, "running", ""},
	} {
		if state, reason := tt.g.state(), s.reason(&tt.g); state != tt.state || reason != tt.reason {
			t.Errorf("%+v: %s, %q; want %s, %q", tt.g, state, reason, tt.state, tt.reason)
		}
	}
}
