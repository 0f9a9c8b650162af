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

// TestShortcut checks which tools the shell gives to awaittrace, none of which is asked for its version, and that it
// keeps the symbols of a test binary by itself.
func TestShortcut(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		t.Skip("there is no shell")
	}
	dir := t.TempDir()
	for _, name := range []string{"ours", "link", "vet", "compile"} {
		script := "#!/bin/sh\necho " + name + " \"$@\"\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	symbols, replaced := &toolWork{Symbols: true}, &toolWork{Symbols: true, Replaced: make([]replacedModule, 1)}
	for _, tt := range []struct {
		work             *toolWork
		tool, args, want string
	}{
		{symbols, "link", "-o a.out -s -w -X=-s main.a", "link -o a.out -w -X=-s main.a"},
		{&toolWork{}, "link", "-o a.out -s -w main.a", "link -o a.out -s -w main.a"},
		{replaced, "link", "-o a.out -s", "ours DIR/link -o a.out -s"},
		{replaced, "link", "-V=full", "link -V=full"},
		{replaced, "link", "-X main.flag=-V=full -o a.out", "ours DIR/link -X main.flag=-V=full -o a.out"},
		{symbols, "vet", "vet.cfg", "ours DIR/vet vet.cfg"},
		{symbols, "vet", "-V=full", "vet -V=full"},
		{replaced, "compile", "-s -o a.o */link", "compile -s -o a.o */link"},
	} {
		words, err := (&Prepared{tmp: dir}).shortcut([]string{filepath.Join(dir, "ours")}, tt.work, true)
		if err != nil {
			t.Fatal(err)
		}
		args := append(words[1:], filepath.Join(dir, tt.tool))
		out, err := exec.Command(words[0], append(args, strings.Fields(tt.args)...)...).CombinedOutput()
		if got := strings.ReplaceAll(strings.TrimSpace(string(out)), dir, "DIR"); err != nil || got != tt.want {
			t.Errorf("%s %s runs %q (%v), want %s", tt.tool, tt.args, got, err, tt.want)
		}
	}
}
