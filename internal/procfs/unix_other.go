//go:build !linux

package procfs

// unixPeers returns nothing: only Linux reports them.
func unixPeers(int) map[uint64]unixState { return nil }
