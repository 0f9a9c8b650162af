package e2e

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestBadInput checks that, whatever a command is given, it says in one line what is wrong, and ends with the exit
// status of the contract.
func TestBadInput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	record := deadRecord(t)
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	noise := make([]byte, 1<<16)
	rand.Read(noise)
	version := bytes.Clone(record)
	version[8] = 99
	for _, c := range []struct {
		name string
		args []string
		code int
		want string // in the one line
	}{
		{"no such process", []string{"report", "4000000"}, 1, "4000000"},
		{"not instrumented", []string{"report", "1"}, 1, "1"},
		{"no number", []string{"report", "nonsense"}, 1, "nonsense"},
		{"random bytes", []string{"report", write("noise", noise)}, 1, "noise"},
		{"empty", []string{"report", write("empty", nil)}, 1, "empty"},
		{"truncated header", []string{"report", write("header", record[:100])}, 1, "header"},
		{"other version", []string{"report", write("version", version)}, 1, "version"},
		{"a folder", []string{"report", dir}, 1, filepath.Base(dir)},
		{"two arguments", []string{"report", "1", "2"}, 2, `"2"`},
		{"an executable, and no core", []string{"report", write("dump", noise), awaittrace}, 2, "dump"},
		{"three arguments", []string{"report", "core", "exe", "more"}, 2, "more"},
		{"no such format", []string{"report", "-f", "yaml", "1"}, 2, "yaml"},
		{"no duration", []string{"report", "-after", "soon", "1"}, 2, "soon"},
		{"no such flag", []string{"report", "-nonsense"}, 2, "nonsense"},
		{"no such verb", []string{"nonsense"}, 2, "nonsense"},
		{"arguments of ps", []string{"ps", "x"}, 2, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := command(t, dir, []string{"AWAITTRACE_DIR=" + filepath.Join(dir, "records")}, awaittrace, c.args...)
			if r.code != c.code {
				t.Errorf("exit status %d, want %d", r.code, c.code)
			}
			if strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, c.want) {
				t.Errorf("standard error is not one line with %q:\n%s", c.want, r.stderr)
			}
			if r.stdout != "" {
				t.Errorf("standard output:\n%s", r.stdout)
			}
		})
	}
	t.Run("truncated", func(t *testing.T) { truncated(t, record, dir) })
}

// truncated cuts a record at many places. The command must print a report or one line, without a panic and nothing
// else.
func truncated(t *testing.T, record []byte, dir string) {
	path := filepath.Join(dir, "cut")
	for _, n := range []int{1, 8, 64, 200, 300, 4095, 4096, 5000, len(record) / 64, len(record) / 3, len(record) / 2,
		len(record) - 1} {
		if err := os.WriteFile(path, record[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		r := command(t, dir, nil, awaittrace, "report", path)
		switch {
		case r.code == 1 && strings.Count(r.stderr, "\n") == 1 && r.stdout == "":
		case r.code == 0 && r.stdout != "":
		default:
			t.Errorf("cut at %d: exit status %d\n%s%s", n, r.code, r.stdout, r.stderr)
		}
	}
}

// deadRecord returns the record of a program that was killed.
func deadRecord(t *testing.T) []byte {
	t.Helper()
	// A small crowd keeps the file small.
	prog := start(t, []string{"AWAITTRACE_GOROUTINES=128"}, build(t, true, filepath.Dir(testdata), "./testdata/crowd"),
		"10")
	prog.expect("waiting")
	prog.kill()
	files, _ := filepath.Glob(filepath.Join(prog.dir, prog.pid()+"-*"))
	if len(files) != 1 {
		t.Fatalf("records: %q", files)
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestBadFolder checks that a folder that cannot have a record does no harm to the program, and that a live program is
// reported nevertheless.
func TestBadFolder(t *testing.T) {
	t.Parallel()
	exe := build(t, true, filepath.Dir(testdata), "./testdata/crowd")
	for _, c := range []struct {
		name string
		make func(t *testing.T, path string) error
	}{
		{"a file", func(t *testing.T, path string) error { return os.WriteFile(path, nil, 0o600) }},
		{"open to others", func(t *testing.T, path string) error {
			if err := os.Mkdir(path, 0o777); err != nil {
				return err
			}
			return os.Chmod(path, 0o777)
		}},
		{"of another user", func(t *testing.T, path string) error {
			if os.Getuid() != 0 {
				t.Skip("needs root")
			}
			if err := os.Mkdir(path, 0o700); err != nil {
				return err
			}
			return os.Chown(path, 12345, 12345)
		}},
		{"a link", func(t *testing.T, path string) error { return os.Symlink(t.TempDir(), path) }},
		{"full", mountTiny},
		{"missing below a file", func(t *testing.T, path string) error { return nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "records")
			if err := c.make(t, path); err != nil {
				t.Fatal(err)
			}
			if c.name == "missing below a file" {
				path = filepath.Join(exe, "records")
			}
			prog := start(t, []string{"AWAITTRACE_DIR=" + path}, exe, "1000")
			prog.expect("waiting")
			prog.dir = path
			r, text := prog.json()
			if len(r.Goroutines) < 1000 {
				t.Errorf("the report has %d goroutines of 1000:\n%.2000s", len(r.Goroutines), text)
			}
			signalTo(t, prog, "USR1")
			prog.expect("1000")
			if err := prog.cmd.Wait(); err != nil {
				t.Errorf("the program ends with: %v", err)
			}
		})
	}
}

// mountTiny mounts a file system with hardly any room.
func mountTiny(t *testing.T, path string) error {
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	if err := syscall.Mount("awaittrace", path, "tmpfs", 0, "size=64k,mode=700"); err != nil {
		t.Skipf("cannot mount a file system: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return nil
}

// TestBadPackage checks that, for a package that does not exist or compile, only the go command's message is printed,
// at the user's own file and line.
func TestBadPackage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":        "module bad\n\ngo 1.26\n",
		"types/main.go": "package main\n\nfunc main() {\n\tch := make(chan int)\n\tch <- \"text\"\n}\n",
		"parse/main.go": "package main\n\nfunc main() {\n\tch <- <- \n}\n",
		"imports/a.go":  "package imports\n\nimport _ \"bad/none\"\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, pkg := range []string{"./types", "./parse", "./imports", "./none", "bad/none", "no.such.host/pkg"} {
		t.Run(strings.ReplaceAll(pkg, "/", "_"), func(t *testing.T) {
			t.Parallel()
			env := []string{"GOPROXY=off", "GOFLAGS=-mod=mod"}
			plain := command(t, dir, env, "go", "build", "-o", os.DevNull, pkg)
			probed := command(t, dir, env, awaittrace, "build", "-o", os.DevNull, pkg)
			if probed.code != 1 {
				t.Errorf("exit status %d, want 1", probed.code)
			}
			if probed.stderr != plain.stderr || probed.stdout != plain.stdout {
				t.Errorf("go build:\n%s%s\nawaittrace build:\n%s%s", plain.stdout, plain.stderr, probed.stdout,
					probed.stderr)
			}
		})
	}
}
