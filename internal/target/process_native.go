//go:build (windows && amd64) || (darwin && macnative && (amd64 || arm64))

package target

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/go-delve/delve/pkg/proc/native"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// readProcess reads a process with Delve's own backend. On macOS it exists only in a build with the tag macnative.
func readProcess(ctx context.Context, t Target, o Options) (res *Result, err error) {
	defer guard(&err)
	start := time.Now()
	grp, err := native.Attach(t.Pid, nil, nil)
	if err != nil {
		return nil, &procfs.Error{
			Reason: procfs.NotPermitted,
			Text:   fmt.Sprintf("cannot attach to process %d", t.Pid),
			Fix:    "run as the user who owns it, or with more rights",
			Err:    err,
		}
	}
	defer grp.Detach(false)
	tgt := grp.Selected
	s := &session{tgt: tgt, bi: tgt.BinInfo(), mem: tgt.Memory(), deadline: start.Add(o.Timeout)}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if res, err = s.read(o); err != nil {
		return nil, err
	}
	s.finish(res, o)
	res.Paused = time.Since(start)
	return res, nil
}

// openHeld fails, because only on Linux a process can be read without tracing it.
func openHeld(t Target) (*Program, error) {
	return nil, &procfs.Error{
		Reason: procfs.Unsupported,
		Text:   fmt.Sprintf("a process that a debugger holds cannot be read on %s/%s", runtime.GOOS, runtime.GOARCH),
	}
}
