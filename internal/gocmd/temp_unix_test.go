//go:build unix

package gocmd

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestTemp: a temporary folder goes with the process that made it, and not before; what merely has such a name stays.
func TestTemp(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	dir, done, err := makeTemp()
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(tmp, tempPrefix+"data")
	os.Mkdir(other, 0o700)
	old := time.Now().Add(-time.Hour)
	age := func() { os.Chtimes(dir, old, old); os.Chtimes(other, old, old) }
	for _, step := range []struct {
		what string
		do   func()
		want bool
	}{
		{"in use", func() {}, true},
		{"young", func() { done(); os.Chtimes(dir, time.Now(), time.Now()) }, true},
		{"left", age, false},
	} {
		age()
		step.do()
		sweepTemp(tmp)
		if _, err := os.Stat(dir); (err == nil) != step.want {
			t.Errorf("%s: there %v, want %v", step.what, err == nil, step.want)
		}
		if _, err := os.Stat(other); err != nil {
			t.Errorf("%s: %v", step.what, err)
		}
	}
}
