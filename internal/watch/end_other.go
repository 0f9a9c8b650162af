//go:build !linux

package watch

// AwaitEnd returns at once. Without a tracer it is enough to wait for the child's status.
func AwaitEnd(int) {}
