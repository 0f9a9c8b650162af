package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

// TestRelease releases the lite command of a repository that has a tag, twice, with the same result.
func TestRelease(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a command")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		t.Skip("not in a git repository")
	}
	git := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("git", args...).CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	const tag = "v0.9.8-test.1"
	tagged := filepath.Join(t.TempDir(), "tagged")
	git("clone", "--quiet", "--no-hardlinks", "--depth=1", "file://"+root, tagged)
	git("-C", tagged, "-c", "user.name=test", "-c", "user.email=test@example.com", "tag", tag)
	name := "awaittrace-lite_0.9.8-test.1_linux_amd64"
	var first []byte
	for range 2 {
		out := t.TempDir()
		if err := release(run(t), tagged, tag, out, "lite.*linux_amd64"); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(filepath.Join(out, name+".tar.gz"))
		if err != nil {
			t.Fatal(err)
		}
		if first != nil && !bytes.Equal(first, data) {
			t.Error("a second release differs")
		}
		first = data
		sums, err := os.ReadFile(filepath.Join(out, "checksums.txt"))
		if want := fmt.Sprintf("%x  %s.tar.gz\n", sha256.Sum256(data), name); err != nil || string(sums) != want {
			t.Errorf("checksums.txt is %q, want %q: %v", sums, want, err)
		}
	}
	files := untar(t, first)
	if want := []string{name + "/awaittrace 755", name + "/LICENSE 644",
		name + "/README.md 644"}; !reflect.DeepEqual(files, want) {
		t.Errorf("the archive has %q, want %q", files, want)
	}
	if err := release(run(t), tagged, tag, t.TempDir(), "plan9"); err == nil ||
		!strings.Contains(err.Error(), "plan9") {
		t.Errorf("an archive that there is not: %v", err)
	}
}

// untar lists the files of an archive, with their modes.
func untar(t *testing.T, data []byte) (files []string) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, fmt.Sprintf("%s %o", h.Name, h.Mode))
	}
}

// TestZip packs files for Windows.
func TestZip(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "awaittrace.exe")
	if err := os.WriteFile(exe, []byte("program"), 0o666); err != nil {
		t.Fatal(err)
	}
	file, data, err := archive(target{goos: "windows", goarch: "arm64"}, "a_1", []string{exe}, time.Unix(1e9, 0))
	if err != nil || file != "a_1.zip" {
		t.Fatal(file, err)
	}
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.File) != 1 || r.File[0].Name != "a_1/awaittrace.exe" || r.File[0].Mode() != 0o755 {
		t.Errorf("the archive has %v", r.File)
	}
}

// TestTag refuses what is no version of a module.
func TestTag(t *testing.T) {
	for _, tag := range []string{"", "1.2.3", "v1.2", "main", "-v1.2.3"} {
		if err := release(run(t), ".", tag, t.TempDir(), ""); err == nil ||
			!strings.Contains(err.Error(), "invalid tag") {
			t.Errorf("%q: %v", tag, err)
		}
	}
}

// run returns a Script for a test.
func run(t *testing.T) *script.Script { return &script.Script{Context: t.Context(), Work: t.TempDir()} }
