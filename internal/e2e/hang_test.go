package e2e

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestHang runs the README's first command, with a command that is built.
func TestHang(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := command(t, filepath.Dir(testdata), []string{"AWAITTRACE_DIR=" + dir + "/records"}, awaittrace, "run", "-after",
		"2s", "./testdata/hang")
	if r.code != 1 {
		t.Errorf("exit status %d, want that of the program, 1", r.code)
	}
	for _, want := range []string{
		"hang: no prices after 5 seconds, giving up", // the program itself
		"s.quotes <- q", "s.mu.Lock()", "hang/main.go:38", "hang/main.go:46",
	} {
		if !strings.Contains(r.stderr, want) {
			t.Errorf("standard error does not have %q", want)
		}
	}
	if r.stdout != "" {
		t.Errorf("standard output: %q", r.stdout)
	}
	t.Logf("standard error:\n%s", r.stderr)
}
