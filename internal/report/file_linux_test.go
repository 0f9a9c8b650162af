package report

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestWriteFile writes the file of a flag as a shell's > would: umask counts, an old file keeps its mode, its owner and
// its other names, and a symbolic link stays one. Nothing else is left behind.
func TestWriteFile(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o027))
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	uid := os.Getuid()
	for _, tt := range []struct {
		name, file string // what is written, and the file that should have the text
		make       func() error
		mode       os.FileMode
	}{
		{"new", "new", func() error { return nil }, 0o640},
		{"old", "old", func() error { return create(path("old"), 0o604) }, 0o604},
		{"link", "linked", func() error {
			return errors.Join(create(path("linked"), 0o600),
				os.Symlink("linked", path("link")))
		}, 0o600},
		{"dangling", "none-yet", func() error { return os.Symlink("none-yet", path("dangling")) }, 0o640},
		{"hard", "second", func() error {
			return errors.Join(create(path("hard"), 0o600),
				os.Link(path("hard"), path("second")))
		}, 0o600},
		{"others", "others", func() error {
			if uid == 0 {
				uid = 4711
			}
			return errors.Join(create(path("others"), 0o606), os.Chown(path("others"), uid, -1))
		}, 0o606},
	} {
		if err := tt.make(); err != nil {
			t.Fatal(err)
		}
		if err := WriteFile("o", path(tt.name), said("for "+tt.name)); err != nil {
			t.Error(err)
		}
		b, _ := os.ReadFile(path(tt.file))
		info, err := os.Lstat(path(tt.file))
		if err != nil || info.Mode() != tt.mode || string(b) != "for "+tt.name {
			t.Errorf("%s: %v, mode %v, want %v, %q", tt.name, err, info.Mode(), tt.mode, b)
		}
		if tt.name == "others" && info.Sys().(*syscall.Stat_t).Uid != uint32(uid) {
			t.Errorf("it belongs to user %d now, want %d", info.Sys().(*syscall.Stat_t).Uid, uid)
		}
	}
	failing := errors.New("no more")
	if err := WriteFile("o", path("old"), func(w io.Writer) error { said("half")(w); return failing }); !errors.Is(err,
		failing) {
		t.Error(err)
	}
	if b, _ := os.ReadFile(path("old")); string(b) != "for old" {
		t.Errorf("after a write that failed the file has %q", b)
	}
	if left, _ := filepath.Glob(path(".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	for name, want := range map[string]string{"none/x": "no such file or directory", ".": "is a directory",
		"old/x": "not a directory"} {
		want = "-o " + dir + "/" + name + ": " + want
		if err := WriteFile("o", dir+"/"+name, said("")); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func create(name string, mode os.FileMode) error {
	return errors.Join(os.WriteFile(name, []byte("before, and longer than what comes"), 0o600), os.Chmod(name, mode))
}

func said(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}

// TestWriteFileInPlace writes a file whose folder takes no other, one on which something is mounted, and one that may
// not be written. The user has no privileges.
func TestWriteFileInPlace(t *testing.T) {
	if dir := os.Getenv("AWAITTRACE_TEST_DIR"); dir != "" {
		if err := WriteFile("o", filepath.Join(dir, "open"), said("new")); err != nil {
			t.Error(err)
		}
		if err := WriteFile("o", filepath.Join(dir, "read-only"), said("new")); err == nil ||
			!strings.HasSuffix(err.Error(), "permission denied") {
			t.Errorf("a file that may not be written: %v", err)
		}
		return
	}
	if os.Getuid() != 0 {
		t.Skip("only root can be another user")
	}
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(create(filepath.Join(dir, "open"), 0o606),
		create(filepath.Join(dir, "read-only"), 0o604)); err != nil {
		t.Fatal(err)
	}
	exe, err := os.ReadFile("/proc/self/exe") // which a folder above may hide from others
	if err != nil {
		t.Fatal(err)
	}
	test := filepath.Join(dir, "test")
	if err := os.WriteFile(test, exe, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(test, "-test.run=^TestWriteFileInPlace$")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "AWAITTRACE_TEST_DIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 4711, Gid: 4711}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "open")); string(b) != "new" {
		t.Errorf("the file has %q", b)
	}

	if err := syscall.Mount(filepath.Join(dir, "read-only"), filepath.Join(dir, "open"), "", syscall.MS_BIND,
		""); err != nil {
		t.Skip("no mount:", err)
	}
	defer syscall.Unmount(filepath.Join(dir, "open"), 0)
	if err := WriteFile("o", filepath.Join(dir, "open"), said("mounted")); err != nil {
		t.Error(err)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "read-only")); string(b) != "mounted" {
		t.Errorf("the mounted file has %q", b)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
