package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

var mutations = flag.Int("mutations", 9, "how often TestMutated damages a record")

// A record of a program that was killed, with some of it changed at random, never makes a command fail in another way
// than with a line, take long, want much memory, or write what could act on a terminal.
func TestMutated(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWAITTRACE_DIR", dir)
	t.Setenv("AWAITTRACE_GOROUTINES", "128") // a file that is not large
	_, pid := started(t)
	untilStuck(t, pid)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	gone(t, pid)
	files, _ := filepath.Glob(filepath.Join(dir, fmt.Sprintf("%d-*", pid)))
	if len(files) != 1 {
		t.Fatalf("records: %q", files)
	}
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	verbs := [][]string{
		{"report", files[0]}, {"report", "-all", fmt.Sprint(pid)}, {"report", "-f", "json", files[0]}, {"ps"},
		{"check", files[0]}, {"check"},
		{"top", files[0]}, {"report", "-f", "html", files[0]}, {"diff", files[0], files[0]},
	}
	r := rand.New(rand.NewPCG(11, 9))
	told := make(map[int]int)
	for i := range *mutations {
		if err := os.WriteFile(files[0], mutate(r, whole), 0o600); err != nil {
			t.Fatal(err)
		}
		args := verbs[i%len(verbs)]
		told[harmless(t, i, args)]++
	}
	t.Logf("%d runs, by exit status: %v", *mutations, told)
}

// mutate returns b with a few changes, most of them where there is something, and many in the header.
func mutate(r *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	at := func() int {
		if r.IntN(3) == 0 {
			return r.IntN(min(512, len(b)))
		}
		for range 1000 {
			if i := r.IntN(len(b)); b[i] != 0 {
				return i
			}
		}
		return r.IntN(len(b))
	}
	for range 1 + r.IntN(20) {
		i := at()
		switch r.IntN(6) {
		case 0:
			b[i] ^= 1 << r.IntN(8)
		case 1:
			b[i] = byte(r.Uint32())
		case 2: // a word with an extreme
			for k := i &^ 7; k < min(i&^7+8, len(b)); k++ {
				b[k] = []byte{0, 0xff, 0x7f, 0x1b}[r.IntN(4)]
			}
		case 3: // a piece of it somewhere else
			copy(b[i:], b[at():])
		case 4:
			clear(b[i:min(i+r.IntN(4096), len(b))])
		case 5:
			if r.IntN(8) == 0 {
				b = b[:max(i, 1)]
			}
		}
	}
	return b
}

// harmless runs the command and returns its exit status.
func harmless(t *testing.T, round int, args []string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	like := command(args...)
	cmd := exec.CommandContext(ctx, like.Path)
	cmd.Args = like.Args
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	status := cmd.ProcessState.ExitCode()
	if status != 0 && status != 1 && status != 3 || ctx.Err() != nil {
		t.Errorf("round %d: %q ended with %v\n%s", round, args, err, &stderr)
	}
	for _, text := range []string{out.String(), stderr.String()} {
		if strings.Contains(text, "panic:") || strings.Contains(text, "internal error") ||
			strings.ContainsAny(text, "\x1b\x07\r\x00") {
			t.Errorf("round %d: %q wrote %.2000q", round, args, text)
		}
	}
	if status == 0 && args[0] == "report" && len(args) > 2 && args[2] == "json" && !json.Valid(out.Bytes()) {
		t.Errorf("round %d: %q wrote JSON that is none", round, args)
	}
	if used := cmd.ProcessState.UserTime(); used > 10*time.Second {
		t.Errorf("round %d: %q took %v of processor time", round, args, used)
	}
	const most = 400 << 10 // kilobytes
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && u.Maxrss > most {
		t.Errorf("round %d: %q took %d MB of memory", round, args, u.Maxrss>>10)
	}
	return status
}
