//go:build !linux

package record

// monotonic would return the clock that the runtime's nanotime reads, if every process could read the same here.
func monotonic() (int64, bool) { return 0, false }
