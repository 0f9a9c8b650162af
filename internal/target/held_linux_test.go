//go:build amd64 || arm64

package target

import (
	"errors"
	"runtime"
	"syscall"
	"testing"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// TestHeld reads a program that another process traces. It gets everything except what is in registers, which on amd64
// is nothing.
func TestHeld(t *testing.T) {
	p := start(t, build(t, "waits.go"))
	held, err := Open(Target{Pid: p.pid})
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if _, err := held.Read(t.Context(), Options{}); reason(err) != procfs.Running {
		t.Errorf("while it runs: %v, want Running", err)
	}
	for range 2 { // the second stop must not get what Delve has cached of the first
		letGo := hold(t, p)
		for range 2 {
			res, err := held.Read(t.Context(), Options{Select: allStacks})
			if err != nil {
				t.Fatal(err)
			}
			if runtime.GOARCH == "amd64" {
				checkWants(t, res, "waits.go")
			}
		}
		letGo()
		p.ping()
	}
	if addr, probes := held.RecordAddr(); addr != 0 || probes {
		t.Errorf("a program without probes has a record at %#x, %v", addr, probes)
	}
	syscall.Kill(p.pid, syscall.SIGKILL)
	p.cmd.Wait()
	if _, err := held.Read(t.Context(), Options{}); reason(err) != procfs.Exited {
		t.Errorf("after its end: %v, want Exited", err)
	}
	if _, err := Open(Target{Pid: p.pid}); reason(err) != procfs.Exited {
		t.Errorf("opened after its end: %v, want Exited", err)
	}
}

// reason returns the Reason of err, or 0.
func reason(err error) procfs.Reason {
	if e := (*procfs.Error)(nil); errors.As(err, &e) {
		return e.Reason
	}
	return 0
}
