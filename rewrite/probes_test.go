package rewrite

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/rewrite/load"
)

func TestParseProbes(t *testing.T) {
	for list, want := range map[string]string{
		"chan":            "chan",
		"sleep, lock":     "lock,sleep",
		"all":             "chan,lock,io,sync,sleep",
		"all,loop":        "chan,lock,io,sync,sleep,loop",
		"io,io,sync,chan": "chan,io,sync",
	} {
		set, err := ParseProbes(list)
		if err != nil || set.String() != want {
			t.Errorf("%q: got %q, %v, want %q", list, set, err, want)
		}
	}
	for _, list := range []string{"", "chan,", "mutex", "CHAN"} {
		if set, err := ParseProbes(list); err == nil {
			t.Errorf("%q: got %q, want an error", list, set)
		}
	}
}

// TestTooMany instruments a file with more operations than runtime.Site.Index can number.
func TestTooMany(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), []byte("module m\n"))
	text := "package p\n\nfunc f(c chan int) {\n" + strings.Repeat("\tclose(c)\n", 1<<16+2) + "}\n"
	write(t, filepath.Join(dir, "p.go"), []byte(text))
	_, r := mustInstrument(t, Config{Config: load.Config{Dir: dir, Env: offline()}})
	if n := r.Files[0].Sites["close"]; n != 1<<16 || len(r.Skipped) != 2 {
		t.Errorf("%d sites, %d skipped", n, len(r.Skipped))
	}
}
