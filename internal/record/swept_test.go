package record

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	collector "github.com/awaittrace/awaittrace/runtime"
)

// TestSwept checks that the error for a program whose record is gone says when it went, and why.
func TestSwept(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWAITTRACE_DIR", dir)
	hour := time.Now().Add(-time.Hour).Unix()
	list := fmt.Sprintf("4194301-17-2 %d age\n4194302-17-2 %d room\n4194302-18-2 %d age\nno line\n4194303-17-2 x age\n",
		hour, hour, hour)
	if err := os.WriteFile(filepath.Join(dir, collector.SweptFile), []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	for pid, want := range map[int]string{
		4194301: "was swept 1h0m ago, because it was old: see awaittrace ps",
		4194302: "was swept 1h0m ago, because it was old: see awaittrace ps",
		4194303: "no record of one in " + dir,
		4194300: "no record of one in " + dir,
	} {
		_, err := Open(pid)
		if err == nil || !strings.Contains(err.Error(), want) ||
			!strings.Contains(err.Error(), fmt.Sprintf("no process %d, and ", pid)) {
			t.Errorf("Open(%d): %v, want %q", pid, err, want)
		}
	}
}

// TestClean checks that the error for a program whose record was removed by Clean says so, and that the list of such
// records stays small.
func TestClean(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWAITTRACE_DIR", dir)
	for pid := 4194301; pid < 4195301; pid++ {
		e := Entry{Path: filepath.Join(dir, fmt.Sprintf("%d-17-2", pid))}
		if err := e.Clean(); !os.IsNotExist(err) {
			t.Fatalf("without a record: %v", err)
		}
		if err := os.WriteFile(e.Path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := e.Clean(); err != nil {
			t.Fatal(err)
		}
	}
	_, err := Open(4195300)
	if err == nil || !strings.Contains(err.Error(), "s ago, by awaittrace ps -clean: see awaittrace ps") {
		t.Error(err)
	}
	fi, err := os.Stat(filepath.Join(dir, collector.SweptFile))
	if err != nil || fi.Size() > collector.SweptSize {
		t.Errorf("the list: %v, %v", fi, err)
	}
}
