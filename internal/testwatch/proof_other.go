//go:build !linux

package testwatch

import (
	"errors"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

const mostProving = 0

func (p *process) prove() (*snapshot.Snapshot, func(), error) { return nil, nil, errors.ErrUnsupported }
