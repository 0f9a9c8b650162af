//go:build !(linux && (amd64 || arm64) && !awaittrace_portable) && !(windows && amd64) && !(darwin && macnative && (amd64 || arm64))

package target

import (
	"context"
	"runtime"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// readProcess fails, because nothing here can read a process on this system. A core can be read anywhere.
func readProcess(ctx context.Context, t Target, o Options) (*Result, error) {
	return nil, &procfs.Error{
		Reason: procfs.Unsupported,
		Text:   "goroutine states and stacks of a process cannot be read " + where(),
	}
}

// openHeld fails, because only on Linux a process can be read without tracing it.
func openHeld(t Target) (*Program, error) {
	return nil, &procfs.Error{
		Reason: procfs.Unsupported,
		Text:   "a process that a debugger holds cannot be read " + where(),
	}
}

// where says where a process cannot be read. On Linux that is the fault of the build alone.
func where() string {
	if runtime.GOOS == "linux" && (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64") {
		return "by an awaittrace that was built with the tag awaittrace_portable"
	}
	return "on " + runtime.GOOS + "/" + runtime.GOARCH
}
