//go:build !linux

package procfs

// Monotonic reports that the clock is unknown: on this system processes do not share the clock of the runtime's
// nanotime.
func Monotonic(int) (int64, bool) { return 0, false }
