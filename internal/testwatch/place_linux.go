//go:build !awaittrace_portable

package testwatch

import (
	"crypto/rand"

	"github.com/awaittrace/awaittrace/internal/watch"
)

// socketName returns the name of a new socket. It is in the abstract namespace: nothing is left of it, and it is short whatever the folders are called.
func socketName() (string, error) { return "@awaittrace-" + rand.Text(), nil }

func removeSocket(string) {}

func awaitEnd(pid int) { watch.AwaitEnd(pid) }
