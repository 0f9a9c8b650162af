//go:build !linux

package record

// monotonic returns zero, because on this system processes do not share the clock of the runtime's nanotime.
func monotonic() (int64, bool) { return 0, false }
