package gocmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReplacedAgain checks that a go.mod with replacements is made once, and again after each change.
func TestReplacedAgain(t *testing.T) {
	tc, err := FindToolchain(t.TempDir(), os.Environ(), nil)
	if err != nil {
		t.Fatal(err)
	}
	cache := &Cache{dir: t.TempDir()}
	text := "module example.com/a\n\ngo 1.21\n\nrequire example.com/b v1.0.0\n"
	list := []Replace{{"example.com/b", "v1.0.0", "/src/b"}}
	first, err := replaced([]byte(text), false, list, tc, cache)
	if err != nil || !strings.Contains(string(first), "replace example.com/b v1.0.0 => /src/b") {
		t.Fatalf("%s (%v)", first, err)
	}
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "none")) // nothing can be edited
	if again, err := replaced([]byte(text), false, list, tc, cache); err != nil || string(again) != string(first) {
		t.Errorf("the second time: %s (%v)", again, err)
	}
	if _, err := replaced([]byte(text+"\n// edited\n"), false, list, tc, cache); err == nil {
		t.Error("an edited file is not read")
	}
	if _, err := replaced([]byte(text), false, []Replace{{"example.com/b", "v1.0.0", "/src/c"}}, tc,
		cache); err == nil {
		t.Error("another replacement is not made")
	}
}

// TestShortcut checks which tools the shell gives to awaittrace: none that is asked for its version.
func TestShortcut(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("there is no shell")
	}
	dir := t.TempDir()
	for _, name := range []string{"ours", "link", "vet", "compile"} {
		script := "#!/bin/sh\necho " + name + "\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	words, err := (&Prepared{tmp: dir}).shortcut([]string{filepath.Join(dir, "ours")}, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ tool, args, want string }{
		{"link", "-o a.out", "ours"},
		{"link", "-V=full", "link"},
		{"link", "-X main.flag=-V=full -o a.out", "ours"},
		{"vet", "vet.cfg", "ours"},
		{"vet", "-V=full", "vet"},
		{"compile", "-o a.o */link", "compile"},
	} {
		args := append(words[1:], filepath.Join(dir, tt.tool))
		out, err := exec.Command(words[0], append(args, strings.Fields(tt.args)...)...).CombinedOutput()
		if got := strings.TrimSpace(string(out)); err != nil || got != tt.want {
			t.Errorf("%s %s runs %q (%v), want %s", tt.tool, tt.args, got, err, tt.want)
		}
	}
}
