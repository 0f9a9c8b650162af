//go:build !lite

package main

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestWriteFile writes the file of a flag: umask and the mode of an old file count, and a symbolic link stays one.
func TestWriteFile(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(path("old"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("old", path("link")); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, file string
		mode       os.FileMode
	}{{"new", "new", 0o600}, {"old", "old", 0o640}, {"link", "old", 0o640}} {
		text := "for " + tt.name
		err := writeFile("o", path(tt.name), func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		b, _ := os.ReadFile(path(tt.file))
		info, err := os.Lstat(path(tt.file))
		if err != nil || info.Mode() != tt.mode || string(b) != text {
			t.Errorf("%s: %v, mode %v, want %v, %q", tt.name, err, info.Mode(), tt.mode, b)
		}
	}
	if left, _ := filepath.Glob(path(".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	err := writeFile("o", path("none/x"), func(io.Writer) error { return nil })
	if want := "-o " + path("none/x") + ": no such file or directory"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
