//go:build !linux || !(amd64 || arm64) || awaittrace_portable

package watch

import (
	"errors"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

const mostProving = 0

func (p *testProcess) prove() (*snapshot.Snapshot, func(), error) {
	return nil, nil, errors.ErrUnsupported
}
