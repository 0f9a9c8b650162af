package procfs

import (
	"os"
	"path/filepath"
	"testing"
)

// TestClockOffset reads the offsets of a time namespace. TestNamespaces of internal/record has a program in one.
func TestClockOffset(t *testing.T) {
	file := filepath.Join(t.TempDir(), "timens_offsets")
	if got := clockOffset(file); got != 0 {
		t.Errorf("without a file: %d", got)
	}
	for text, want := range map[string]int64{
		"monotonic       777777         5\nboottime        100000         0\n": 777777e9 + 5,
		"monotonic          -10 500000000\nboottime             0         0\n": -95e8,
		"boottime        100000         0\n":                                   0,
		"monotonic            x         0\n":                                   0,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := clockOffset(file); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
