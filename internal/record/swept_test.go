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
	list := fmt.Sprintf("4194301-17-2 %d age\n4194302-17-2 %d room\n4194302-18-2 %d age\nno line\n4194303-17-2 x age\n", hour, hour, hour)
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
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), fmt.Sprintf("no process %d, and ", pid)) {
			t.Errorf("Open(%d): %v, want %q", pid, err, want)
		}
	}
}
