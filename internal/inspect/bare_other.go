//go:build !linux || (!amd64 && !arm64) || awaittrace_portable

package inspect

import (
	"context"
	"errors"

	"github.com/awaittrace/awaittrace/internal/target"
)

// readBare fails: programs without debug information are read on Linux only.
func readBare(context.Context, int, target.Options) (*target.Result, error) {
	return nil, errors.New("programs without debug information can be read on Linux only: build without " +
		"-ldflags=-s or -w")
}

func heldBare(int, func(int) []uint64) Target { return nil }
