package dlvext

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"reflect"
	"strconv"
	"time"

	"github.com/go-delve/delve/pkg/proc"
	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/target"
)

// A debugger is Delve as the commands of package inspect see it.
type debugger struct {
	client *rpc2.RPCClient
	relay  *relay
	// scope is where the user is, as the frame command has set it.
	scope func() api.EvalScope
	// exe and core are set in a session with a core; local means that the server is in this process.
	exe, core string
	local     bool
	// stopped is when the program stopped for the first time; zero if it was before the session.
	stopped time.Time

	pid     int // of session
	session *inspect.Session
}

// Report diagnoses the program as it stands.
func (d *debugger) Report(ctx context.Context, opt diagnose.Options) (*diagnose.Report, error) {
	state, err := d.client.GetStateNonBlocking()
	switch {
	case errors.Is(err, rpc.ErrShutdown), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, errors.New("the debugger's server has gone; the program may go on without it")
	case err != nil:
		return nil, exited(err)
	case state.Exited:
		return nil, exited(proc.ErrProcessExited{Pid: state.Pid, Status: state.ExitStatus})
	}
	d.relay.reporting.Store(true)
	defer d.relay.reporting.Store(false)
	if err := d.begin(state.Pid); err != nil {
		return nil, err
	}
	d.session.Paused(d.relay.Pauses()...)
	return d.session.Report(ctx, inspect.Options{Options: opt, Stopped: d.relay.Stopped()})
}

// exited adds to Delve's error that a program has exited how to diagnose it now. The protocol passes on only the text
// of errors.
func exited(err error) error {
	var p proc.ErrProcessExited
	if n, _ := fmt.Sscanf(err.Error(), "Process %d has exited with status %d", &p.Pid, &p.Status); n != 2 {
		return err
	}
	return fmt.Errorf("%w; awaittrace report %d tells what its record says", err, p.Pid)
}

// begin sets the session to that of process pid, which changes when the program is restarted.
func (d *debugger) begin(pid int) (err error) {
	if d.session != nil && pid == d.pid {
		return nil
	}
	d.close()
	d.session, err = d.open(pid)
	d.pid = pid
	return err
}

// record returns the record of process pid, which the session owns.
func (d *debugger) record(pid int) (*record.Record, error) {
	if err := d.begin(pid); err != nil {
		return nil, err
	}
	return d.session.Record()
}

// open opens a session with the process that Delve holds now.
func (d *debugger) open(pid int) (*inspect.Session, error) {
	switch {
	case d.core != "":
		return inspect.Core(d.exe, d.core)
	case d.local:
		return inspect.Held(pid, d.registers)
	}
	if procfs.Traced(pid) {
		if s, err := inspect.Held(pid, d.registers); err == nil && d.here(pid) {
			return s, nil
		} else if err == nil {
			s.Close()
		}
	}
	return openRemote(d.client, pid), nil
}

// here reports whether the server's process pid is the process of that pid on this machine: both were started in the
// same nanosecond.
func (d *debugger) here(pid int) bool {
	const started = "runtime.runtimeInitTime"
	p, err := target.Open(target.Target{Pid: pid})
	if err != nil {
		return false
	}
	defer p.Close()
	v, err := d.client.EvalVariable(api.EvalScope{GoroutineID: -1}, started, api.LoadConfig{})
	if err != nil {
		return false
	}
	there, err := strconv.ParseUint(v.Value, 10, 64)
	here, ok := p.Number(started)
	return err == nil && ok && here == there && here != 0
}

// close ends the session with the program.
func (d *debugger) close() {
	if d.session != nil {
		d.session.Close()
		d.session = nil
	}
}

// Selected returns the goroutine that the user looks at.
func (d *debugger) Selected() int64 {
	state, err := d.client.GetStateNonBlocking()
	if err != nil || state.SelectedGoroutine == nil {
		return 0
	}
	return state.SelectedGoroutine.ID
}

// maxFrames bounds the frames in which an expression is evaluated.
const maxFrames = 32

// Address returns the address of the lock or channel that expr means in the user's frame. If that is a frame of the
// runtime, where goroutines wait, Address tries the frames above.
func (d *debugger) Address(expr string) (uint64, error) {
	scope := d.scope()
	first := scope.Frame
	for last := first; ; scope.Frame++ {
		v, err := d.client.EvalVariable(scope, expr, api.LoadConfig{MaxStructFields: -1})
		if err == nil {
			return address(v)
		}
		if scope.Frame == first {
			frames, stackErr := d.client.Stacktrace(-1, maxFrames, 0, 0, nil)
			if stackErr != nil || first != 0 {
				return 0, err
			}
			last = len(frames) - 1
		}
		if scope.Frame >= last {
			return 0, fmt.Errorf("%v, in no frame of the selected goroutine", err)
		}
	}
}

// address returns the address of what v is, or of what it points to.
func address(v *api.Variable) (uint64, error) {
	switch v.Kind {
	case reflect.Chan:
		if v.Base == 0 {
			return 0, errors.New("the channel is nil: nobody will ever send on it or receive from it")
		}
		return v.Base, nil
	case reflect.Struct:
		return v.Addr, nil
	case reflect.Pointer, reflect.Interface:
		if len(v.Children) == 1 && v.Children[0].Addr != 0 {
			return address(&v.Children[0])
		}
		return 0, errors.New("it is nil")
	}
	return 0, fmt.Errorf("a %s is neither a lock nor a channel", v.Type)
}
