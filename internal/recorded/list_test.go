package recorded

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestList lists a program that a debugger has built, and that has ended.
func TestList(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "records")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWAITTRACE_DIR", dir)
	s := snaptext.MustParse("taken 1m\ngoroutine 7 unknown\n" +
		"  wait lock/mutex /src/shop/main.go:2 main.f mu.Lock() 0xb1 12s\n")
	s.Process.Exe, s.Process.Pid = "/src/shop/__debug_bin397982144", 999999999
	if err := os.WriteFile(filepath.Join(dir, "999999999-1"), recordtest.Bytes(s), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	if err := List(&out, &log, 0); err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`^PID +STATE +AGE +ENDED +GOROUTINES +STUCK +PROGRAM
999999999 +\w+ +\S+ +\S+ ago +1 +\d +shop \(in a debugger\)
$`)
	if !want.Match(out.Bytes()) {
		t.Errorf("%s\nit does not match %s", out.Bytes(), want)
	}
	if !strings.Contains(log.String(), "1 record of programs that have ended") {
		t.Errorf("remarks: %s", log.String())
	}
}

// TestCleanable counts the records that -clean removes, and not one that another user could have written.
func TestCleanable(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "records")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWAITTRACE_DIR", dir)
	for pid, mode := range map[int]os.FileMode{999999998: 0o600, 999999999: 0o666} {
		s := snaptext.MustParse("taken 1m\n")
		s.Process.Pid = pid
		file := filepath.Join(dir, fmt.Sprint(pid, "-1"))
		if err := os.WriteFile(file, recordtest.Bytes(s), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, mode); err != nil {
			t.Fatal(err)
		}
	}
	var out, log bytes.Buffer
	if err := List(&out, &log, 0); err != nil {
		t.Fatal(err)
	}
	n, err := Clean()
	if err != nil || n != 1 || !strings.Contains(log.String(), "1 record of programs") ||
		strings.Count(out.String(), "\n") != 3 {
		t.Errorf("%v, %d removed, %s%s", err, n, out.String(), log.String())
	}
}
