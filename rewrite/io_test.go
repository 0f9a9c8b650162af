package rewrite

import "testing"

// TestIORuns checks that a program with I/O in every form prints the same with and without probes: results, lines,
// panics, what recovers.
func TestIORuns(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	dir := copyTree(t, "testdata/iorun")
	samePrograms(t, dir)
}
