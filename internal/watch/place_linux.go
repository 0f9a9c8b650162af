//go:build !awaittrace_portable

package watch

import "crypto/rand"

// socketName returns the name of a new socket. It is in the abstract namespace, so that nothing is left of it, and it
// is short however long the names of folders are.
func socketName() (string, error) { return "@awaittrace-" + rand.Text(), nil }

func removeSocket(string) {}
