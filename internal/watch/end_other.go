//go:build !linux

package watch

// AwaitEnd returns at once: waiting for the child's status is all that is needed where nothing traces it.
func AwaitEnd(int) {}
