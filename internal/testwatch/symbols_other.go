//go:build !linux || awaittrace_portable

package testwatch

// allgs returns zeros: the symbols of executables that are moved as they are loaded do not say where variables are.
func allgs(int) (length, list uint64) { return 0, 0 }
