package gocmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestEditModules(t *testing.T) {
	run := func(dir string, args ...string) ([]byte, error) {
		cmd := exec.Command("go", args...)
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		return cmd.Output()
	}
	for _, test := range []struct {
		text string
		work bool
	}{
		{"module m\n\ngo 1.26\n\nreplace x.org/a v1.0.0 => ../a // here\n\nreplace x.org/a => ../b", false},
		{"go 1.26\nuse .\nreplace x.org/a v1.0.0 => ../a\nreplace x.org/a => ../b\n", true},
	} {
		path := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(path, []byte(test.text), 0o666); err != nil {
			t.Fatal(err)
		}
		if err := EditModules(path, test.work,
			[]Replace{{"x.org/a", "v1.0.0", "/mod cache/x.org/a@v1.0.0"}, {"x.org/c", "v0.1.0", "./c@v0.1.0"}},
			run); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			`replace x.org/a v1.0.0 => "/mod cache/x.org/a@v1.0.0"`, `replace x.org/c v0.1.0 => ./c@v0.1.0`,
			`replace x.org/a => ../b`,
		} {
			if !strings.Contains(string(text), want+"\n") {
				t.Errorf("no line %s in\n%s", want, text)
			}
		}
		if strings.Contains(string(text), "../a") {
			t.Errorf("the old replacement is still there:\n%s", text)
		}
	}
}
