package rewrite

import (
	"bytes"
	"encoding/json"
	"fmt"
	goversion "go/version"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/internal/testing/positions"
	"github.com/awaittrace/awaittrace/rewrite/load"
)

// TestTorture checks that the torture program prints the same with and without probes. Package internal/e2e builds it
// in more ways.
func TestTorture(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	samePrograms(t, copyTree(t, "../testdata/torture"), "-tags=other")
}

// TestTortureVersions checks that the torture program with probes type-checks at older language versions, and reverts
// to its original.
func TestTortureVersions(t *testing.T) {
	for _, version := range []string{"1.17", "1.21"} {
		t.Run(version, func(t *testing.T) {
			dir := copyTree(t, "../testdata/torture")
			setVersion(t, filepath.Join(dir, "go.mod"), version)
			dropNewer(t, dir, version)
			p, result := mustInstrument(t,
				Config{Config: load.Config{Dir: dir, Env: offline(), Patterns: []string{"."}}})
			checkTypes(t, p, result)
			checkTree(t, p)
		})
	}
}

// TestLineTables checks that every line of the torture program that has code has code with probes, in the same
// function.
func TestLineTables(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	dir := copyTree(t, "../testdata/torture")
	_, result := mustInstrument(t, Config{Config: load.Config{Dir: dir, Env: offline(), Patterns: []string{"."}}})
	probes := map[positions.Line]bool{}
	for _, f := range result.Files {
		old, err := os.ReadFile(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		count, on, err := positions.Source(f.Name, old, f.Text)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range count.Wrong {
			t.Error(wrong)
		}
		maps.Copy(probes, on)
	}
	plain, probed := filepath.Join(t.TempDir(), "plain"), filepath.Join(t.TempDir(), "probed")
	goBuild(t, dir, "-gcflags=./...=-N -l", "-o", plain, ".")
	goBuild(t, dir, "-gcflags=./...=-N -l", "-overlay", writeOverlay(t, result), "-o", probed, ".")
	inSource := func(file string) bool { return strings.HasPrefix(file, dir) || strings.HasPrefix(file, "/made/up/") }
	count, err := positions.Binaries(plain, probed, inSource, probes)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range slices.Concat(count.Missing, count.Wrong) {
		t.Error(wrong)
	}
	if count.Funcs < 100 || count.Lines < 1000 {
		t.Errorf("only %d functions and %d lines were compared", count.Funcs, count.Lines)
	}
}

// copyTree copies the Go files of a module, and go.mod.
func copyTree(t *testing.T, from string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func setVersion(t *testing.T, name, version string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "go ") {
			lines[i] = "go " + version
		}
	}
	write(t, name, []byte(strings.Join(lines, "\n")))
}

// dropNewer removes the files that are for a newer version than 1.N by their name: x_go118.go is for 1.18.
func dropNewer(t *testing.T, dir, version string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*_go1*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		_, of, _ := strings.Cut(strings.TrimSuffix(name, ".go"), "_go1")
		if goversion.Compare("go1."+of, "go"+version) > 0 {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// samePrograms builds the program in dir with and without probes, with flags of go build, and compares what the two
// print.
func samePrograms(t *testing.T, dir string, flags ...string) {
	t.Helper()
	p, result := mustInstrument(t,
		Config{Config: load.Config{Dir: dir, Env: offline(), Patterns: []string{"."}, BuildFlags: flags}})
	checkTree(t, p)
	overlay := writeOverlay(t, result)
	plain, probed := filepath.Join(t.TempDir(), "plain"), filepath.Join(t.TempDir(), "probed")
	goBuild(t, dir, append(slices.Clip(flags), "-o", plain, ".")...)
	goBuild(t, dir, append(slices.Clip(flags), "-overlay", overlay, "-o", probed, ".")...)
	t.Setenv("AWAITTRACE_DIR", t.TempDir()) // no record stays
	want, got := output(plain), output(probed)
	if want != got {
		t.Errorf("%s", firstDifference(want, got))
	}
	if strings.HasSuffix(want, "\nexit status 2\n") {
		t.Errorf("the program fails:\n%s", want)
	}
	t.Logf("%d sites, %d skipped", len(result.Sites), len(result.Skipped))
}

// writeOverlay writes the overlay with which go build uses the instrumented files, with the collector as a package of
// the standard library.
func writeOverlay(t *testing.T, r *Result) string {
	t.Helper()
	dir := t.TempDir()
	replace := map[string]string{}
	for i, f := range r.Files {
		name := filepath.Join(dir, fmt.Sprintf("%d_%s", i, filepath.Base(f.Name)))
		write(t, name, f.Text)
		replace[f.Name] = name
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	runtime, err := filepath.Abs("../runtime")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(runtime)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Type().IsRegular() && !strings.HasSuffix(e.Name(), "_test.go") {
			replace[filepath.Join(strings.TrimSpace(string(root)), "src", "debug", e.Name())] = filepath.Join(runtime,
				e.Name())
		}
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "overlay.json")
	write(t, name, data)
	return name
}

func goBuild(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"build"}, args...)...)
	cmd.Dir, cmd.Env = dir, offline()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// output returns what a program prints, and how it ends.
func output(program string) string {
	var out bytes.Buffer
	cmd := exec.Command(program)
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return fmt.Sprintf("%s%v\n", out.String(), err)
}

// firstDifference shows the first line that differs, with the lines before it.
func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			first := max(0, i-3)
			return fmt.Sprintf("after\n%s\nwant\n%s\ngot\n%s", strings.Join(w[first:i], "\n"),
				strings.Join(w[i:min(len(w), i+4)], "\n"), strings.Join(g[min(i, len(g)):min(len(g), i+4)], "\n"))
		}
	}
	return "more output than wanted"
}
