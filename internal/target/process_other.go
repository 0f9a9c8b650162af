//go:build !(linux && (amd64 || arm64) && !awaittrace_portable) && !(windows && amd64) && !(darwin && macnative && (amd64 || arm64))

package target

import (
	"context"
	"fmt"
	"runtime"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// readProcess fails, because nothing here can read a process on this system. A core can be read anywhere.
func readProcess(ctx context.Context, t Target, o Options) (*Result, error) {
	return nil, &procfs.Error{
		Reason: procfs.Unsupported,
		Text: fmt.Sprintf("goroutine states and stacks of a process cannot be read on %s/%s", runtime.GOOS,
			runtime.GOARCH),
	}
}

// openHeld fails, because only on Linux a process can be read without tracing it.
func openHeld(t Target) (*Program, error) {
	return nil, &procfs.Error{
		Reason: procfs.Unsupported,
		Text:   fmt.Sprintf("a process that a debugger holds cannot be read on %s/%s", runtime.GOOS, runtime.GOARCH),
	}
}
