package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestTorture runs the program that has every form of every operation, plain and with probes: it must print the same, as a module of today,
// of Go 1.21 (one loop variable for all iterations) and of Go 1.17 (no type parameters), and in files with other bytes.
func TestTorture(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		name    string
		minor   int // of the module's Go version
		capture string
		odd     bool
	}{
		{"go1.26", 26, "captured 1 2 3 20 30 40 20 30 40", false},
		{"go1.21", 21, "captured 1 2 3 40 400 4000 4000 4000 4000", false},
		{"go1.17", 17, "captured 1 2 3 40 400 4000 4000 4000 4000", false},
		{"odd bytes", 26, "captured", true},
	} {
		t.Run(v.name, func(t *testing.T) {
			if testing.Short() && v.name != "go1.26" {
				t.Skip("another build of the same program")
			}
			t.Parallel()
			module := tortureModule(t, v.minor, v.odd)
			plain := tortureOutput(t, build(t, false, module, "."))
			if !strings.Contains(plain, v.capture) || !strings.Contains(plain, "== waitgroup\n") {
				t.Fatalf("the plain program does not print what it should:\n%s", plain)
			}
			same(t, plain, tortureOutput(t, build(t, true, module, ".")))
		})
	}
}

// TestTortureRace does the same under the race detector, which must find nothing in either.
func TestTortureRace(t *testing.T) {
	if testing.Short() {
		t.Skip("building with -race takes its time")
	}
	t.Parallel()
	module := filepath.Join(testdata, "torture")
	plain := tortureOutput(t, build(t, false, module, "-race", "."))
	same(t, plain, tortureOutput(t, build(t, true, module, "-race", ".")))
}

// TestTortureTrimpath: file names without a machine's paths.
func TestTortureTrimpath(t *testing.T) {
	if testing.Short() {
		t.Skip("another build of the same program")
	}
	t.Parallel()
	module := filepath.Join(testdata, "torture")
	plain := tortureOutput(t, build(t, false, module, "-trimpath", "."))
	same(t, plain, tortureOutput(t, build(t, true, module, "-trimpath", ".")))
}

// TestTortureLoop: a probe in every iteration of every loop.
func TestTortureLoop(t *testing.T) {
	if testing.Short() {
		t.Skip("another build of the same program")
	}
	t.Parallel()
	module := filepath.Join(testdata, "torture")
	plain := tortureOutput(t, build(t, false, module, "."))
	same(t, plain, tortureOutput(t, build(t, true, module, "-probe", "chan,lock,io,sync,sleep,loop", ".")))
}

// TestTortureOff: probes that are turned off do not change anything either.
func TestTortureOff(t *testing.T) {
	if testing.Short() {
		t.Skip("another build of the same program")
	}
	t.Parallel()
	module := filepath.Join(testdata, "torture")
	plain := tortureOutput(t, build(t, false, module, "."))
	probed := build(t, true, module, ".")
	same(t, plain, tortureOutput(t, probed, "AWAITTRACE=off"))
	same(t, plain, tortureOutput(t, probed, "AWAITTRACE_GOROUTINES=1"))
}

// TestAsleep: the runtime still finds that all goroutines are asleep, and says the same.
func TestAsleep(t *testing.T) {
	t.Parallel()
	module := filepath.Join(testdata, "torture")
	plain := tortureOutput(t, build(t, false, module, "./asleep"))
	same(t, plain, tortureOutput(t, build(t, true, module, "./asleep")))
}

// tortureModule copies the torture program, without the files that need a newer Go than 1.minor. If odd, the files take turns in having
// CRLF line ends, a byte order mark, and no newline at the end.
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

// tortureOutput is what a program prints; it must succeed, and print nothing to standard error.
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
