//go:build !lite

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestLite builds the command with -tags lite: it is static, below 8 MB, has nothing of Delve or the rewriter in it,
// and does what it is for.
func TestLite(t *testing.T) {
	t.Parallel()
	exe := filepath.Join(t.TempDir(), "awaittrace")
	build := exec.Command("go", "build", "-tags", "lite", "-o", exe, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if fi, err := os.Stat(exe); err != nil || fi.Size() >= 8<<20 {
		t.Errorf("%v, %d bytes", err, fi.Size())
	}
	deps := exec.Command("go", "list", "-tags", "lite", "-deps", ".")
	out, err := deps.Output()
	for _, no := range []string{"go-delve", "awaittrace/dlvext", "awaittrace/internal/target", "awaittrace/rewrite",
		"urfave", "charm.land"} {
		if err != nil || strings.Contains(string(out), no) {
			t.Errorf("%v: the lite build has %s in it", err, no)
		}
	}
	rec := filepath.Join(t.TempDir(), "record")
	s := snaptext.MustParse("taken 1m\ngoroutine 7 unknown\n  wait lock/mutex main.go:2 main.f mu.Lock() 0xb1 12s\n" +
		"  hold lock/mutex main.go:1 main.f mu.Lock() 0xb1 12s\n")
	if err := os.WriteFile(rec, recordtest.Bytes(s), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, tt := range []struct {
		args   string
		status int
		want   string
	}{
		{"check " + rec, 3, "stuck: pid "},
		{"check 999999999", 1, "no process 999999999"},
		{"check", 1, "no instrumented program runs"},
		{"check -kind leek", 2, "invalid -kind"},
		{"check -bad", 2, "awaittrace: flag provided but not defined: -bad\nusage: awaittrace check"},
		{"check -after 0", 2, `awaittrace: invalid -after 0: must be positive, such as 10s`},
		{"check -after soon", 2, `awaittrace: invalid -after "soon": must be a duration such as 500ms, 10s or 2m`},
		{"check 1 2", 2, `unexpected argument "2"`},
		{"check -h", 0, "usage: awaittrace check"},
		{"ps", 0, "there is no instrumented program"},
		{"report -no-stop -exit-code " + rec, 3, "locks it again"},
		{"report -no-stop -f json " + rec, 0, `"schema"`},
		{"report " + rec, 2, "-no-stop"},
		{"run ./x", 2, "has no verb \"run\"\nusage: awaittrace check"},
	} {
		cmd := exec.Command(exe, strings.Fields(tt.args)...)
		cmd.Env = append(os.Environ(), "AWAITTRACE_DIR="+dir)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != tt.status || !strings.Contains(out.String(), tt.want) {
			t.Errorf("awaittrace %s: exit status %d, want %d with %q\n%s", tt.args, got, tt.status, tt.want,
				out.String())
		}
	}
	checkMany(t, exe)
}

// checkMany checks programs with 10,000 goroutines, which has to take less than 20 ms of a processor. That is what it
// takes where nothing else runs: the test allows for machines that are slower, and tells a look whose time grows by the
// square.
func checkMany(t *testing.T, exe string) {
	t.Helper()
	text := strings.Builder{}
	text.WriteString("taken 1m\n")
	for id := 10; id < 10_010; id++ {
		fmt.Fprintf(&text, "goroutine %d unknown\n  wait recv/chan main.go:9 main.work <-jobs 0xc1 12s cap=0\n", id)
	}
	for line, locks := range map[string]string{
		"ok: pid ": "",
		"stuck: pid ": `goroutine 7 unknown
  wait lock/mutex main.go:31 main.ab b.mu.Lock() 0xb1 12s
  hold lock/mutex main.go:30 main.ab a.mu.Lock() 0xa1 12s
goroutine 8 unknown
  wait lock/mutex main.go:41 main.ba a.mu.Lock() 0xa1 12s
  hold lock/mutex main.go:40 main.ba b.mu.Lock() 0xb1 12s
`,
	} {
		rec := filepath.Join(t.TempDir(), "record")
		if err := os.WriteFile(rec, recordtest.Bytes(snaptext.MustParse(text.String()+locks)), 0o600); err != nil {
			t.Fatal(err)
		}
		least := time.Hour
		for range 10 {
			cmd := exec.Command(exe, "check", rec)
			out, _ := cmd.Output()
			if !strings.HasPrefix(string(out), line) {
				t.Fatalf("of 10,000 goroutines it says %q, want %q", out, line)
			}
			least = min(least, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
		}
		t.Logf("%s…: %v of processor time", line, least)
		if least > 500*time.Millisecond {
			t.Errorf("%s…: %v of processor time for 10,000 goroutines", line, least)
		}
	}
}
