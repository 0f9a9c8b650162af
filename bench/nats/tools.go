//go:build tools

package nats

import (
	_ "github.com/nats-io/nats-server/v2"
	_ "github.com/nats-io/nats.go/examples/nats-bench"
)
