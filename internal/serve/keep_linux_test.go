package serve

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"
)

// TestDiskFull: on a disk that is full nothing half-written stays, the log says so once, and reports are kept again
// when there is room.
func TestDiskFull(t *testing.T) {
	dir := smallDisk(t)
	k, changes, r := toKeep(t, filepath.Join(dir, "kept"))
	var told bytes.Buffer
	log := slog.New(slog.NewTextHandler(&told, nil))
	lines := func(what string) int { return strings.Count(told.String(), what) }
	fill := filepath.Join(dir, "fill")
	for round := 1; round <= 2; round++ {
		before := kept(t, k.dir)
		if err := os.WriteFile(fill, make([]byte, 2<<20), 0o600); err == nil {
			t.Fatal("the disk has room for 2 MB")
		}
		for range 100 {
			k.note(log, changes, r)
		}
		if after := kept(t, k.dir); !slices.Equal(after, before) {
			t.Errorf("round %d: on a full disk there are %q, and %q before", round, after, before)
		}
		if lines("no space left on device") != round || lines("\n") != 2*round-1 {
			t.Errorf("round %d: the log says:\n%s", round, told.String())
		}
		os.Remove(fill)
		k.note(log, changes, r)
		if after := kept(t, k.dir); len(after) != len(before)+1 || lines("kept again") != round {
			t.Errorf("round %d: with room again there are %q; the log says:\n%s", round, after, told.String())
		}
	}
}

// kept returns the files of a folder, each of which must be a report in whole.
func kept(t *testing.T, dir string) (names []string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		z, err := zstd.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		z.Close()
		if err != nil || !strings.HasSuffix(f.Name(), KeptSuffix) ||
			!bytes.HasSuffix(bytes.TrimSpace(text), []byte("}")) {
			t.Errorf("%s is half a report: %v", f.Name(), err)
		}
		names = append(names, f.Name())
	}
	return names
}

// smallDisk mounts a file system with room for few reports, which only the test's thread sees.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	runtime.LockOSThread() // and never unlocked: the thread ends with the test, and the mount with it
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		t.Skipf("a mount namespace is not permitted here: %v", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Skipf("private mounts are not permitted here: %v", err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m,mode=0700"); err != nil {
		t.Skipf("mounting a tmpfs is not permitted here: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}
