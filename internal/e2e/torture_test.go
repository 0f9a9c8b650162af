package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestTorture runs the program that has every form of every operation, plain and with probes. It must print the same,
// in these variants: as a module of today, of Go 1.21 (one loop variable for all iterations) and of Go 1.17 (no type
// parameters); in files with other bytes; with file names without a machine's paths; under the race detector, which
// must find nothing in either; and with a probe in every iteration of every loop. Each build has several of these.
func TestTorture(t *testing.T) {
	t.Parallel()
	const perIteration, perLoop = "captured 1 2 3 20 30 40 20 30 40", "captured 1 2 3 40 400 4000 4000 4000 4000"
	for _, v := range []struct {
		name    string
		minor   int // of the module's Go version
		capture string
		odd     bool
		flags   []string
		probes  []string // flags of the build with probes alone
	}{
		{"go1.26", 26, perIteration, false, nil, nil},
		{"go1.26, race, loops", 26, perIteration, false, []string{"-race"},
			[]string{"-probe", "chan,lock,io,sync,sleep,loop"}},
		{"go1.21, odd bytes", 21, perLoop, true, nil, nil},
		{"go1.17, trimpath", 17, perLoop, false, []string{"-trimpath"}, nil},
	} {
		t.Run(v.name, func(t *testing.T) {
			if testing.Short() && v.name != "go1.26" {
				t.Skip("another build of the same program")
			}
			t.Parallel()
			module := tortureModule(t, v.minor, v.odd)
			plain := tortureOutput(t, build(t, false, module, append(slices.Clip(v.flags), ".")...))
			if !strings.Contains(plain, v.capture) || !strings.Contains(plain, "== waitgroup\n") {
				t.Fatalf("the plain program does not print what it should:\n%s", plain)
			}
			probed := build(t, true, module, slices.Concat(v.flags, v.probes, []string{"."})...)
			same(t, plain, tortureOutput(t, probed))
			if v.flags == nil { // disabled probes do not change anything either
				same(t, plain, tortureOutput(t, probed, "AWAITTRACE=off"))
				same(t, plain, tortureOutput(t, probed, "AWAITTRACE_GOROUTINES=1"))
			}
		})
	}
}

// TestAsleep checks that the runtime still finds that all goroutines are asleep, and says the same.
func TestAsleep(t *testing.T) {
	t.Parallel()
	module := filepath.Join(testdata, "torture")
	plain := tortureOutput(t, build(t, false, module, "./asleep"))
	same(t, plain, tortureOutput(t, build(t, true, module, "./asleep")))
}

// tortureModule copies the torture program, without the files that need a newer Go than 1.minor. If odd, the files
// alternate between CRLF line ends, a byte order mark, and no newline at the end.
func tortureModule(t *testing.T, minor int, odd bool) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "torture")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(testdata, "torture"))); err != nil {
		t.Fatal(err)
	}
	mod := "module awaittrace.test/torture\n\ngo 1." + strconv.Itoa(minor) + "\n"
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o666); err != nil {
		t.Fatal(err)
	}
	dropNewer(dir, "_go1", minor)
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for i, name := range files {
		if odd {
			makeOdd(t, name, i)
		}
	}
	return dir
}

// dropNewer removes the files whose names end in the mark and a number above minor.
func dropNewer(dir, mark string, minor int) {
	files, _ := filepath.Glob(filepath.Join(dir, "*.go"))
	for _, name := range files {
		_, needs, ok := strings.Cut(strings.TrimSuffix(name, ".go"), mark)
		if n, err := strconv.Atoi(needs); ok && err == nil && n > minor {
			os.Remove(name)
		}
	}
}

func makeOdd(t *testing.T, name string, i int) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	switch i % 4 {
	case 0:
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	case 1:
		text = append([]byte("\ufeff"), text...)
	case 2:
		text = bytes.TrimSpace(text)
	case 3:
		text = append([]byte("\ufeff"), bytes.ReplaceAll(bytes.TrimSpace(text), []byte("\n"), []byte("\r\n"))...)
	}
	if err := os.WriteFile(name, text, 0o666); err != nil {
		t.Fatal(err)
	}
}

// tortureOutput returns what a program prints. The program must succeed, and print nothing to standard error.
func tortureOutput(t *testing.T, program string, env ...string) string {
	t.Helper()
	dir := t.TempDir()
	os.Chmod(dir, 0o700)
	r := must(t, program, command(t, dir, append(env, "AWAITTRACE_DIR="+dir), program))
	if r.stderr != "" {
		t.Errorf("standard error:\n%s", r.stderr)
	}
	return r.stdout
}

// same reports the lines in which the output with probes differs.
func same(t *testing.T, plain, probed string) {
	t.Helper()
	if plain == probed {
		return
	}
	dir := t.TempDir()
	a, b := filepath.Join(dir, "plain"), filepath.Join(dir, "probed")
	if err := os.WriteFile(a, []byte(plain), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b, []byte(probed), 0o666); err != nil {
		t.Fatal(err)
	}
	t.Errorf("with probes the program prints something else:\n%s", command(t, dir, nil, "diff", "-U2", a, b).stdout)
}
