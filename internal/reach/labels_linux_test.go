//go:build amd64 || arm64

package reach

import (
	"debug/buildinfo"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestLabels reads the labels of a program that runs, of this version of Go and of those that keep them otherwise,
// without and with a symbol table.
func TestLabels(t *testing.T) {
	t.Parallel()
	for _, v := range []string{runtime.Version(), "go1.21.13", "go1.23.12", "go1.27.4"} {
		for _, flags := range []string{"", "-s -w"} {
			t.Run(strings.TrimSpace(v+" "+flags), func(t *testing.T) {
				exe := buildWith(t, v, flags, "testdata/labels.go")
				prog, err := OpenProgram(exe)
				if err != nil {
					t.Fatal(err)
				}
				src := start(t, exe)
				labels, err := ReadLabels(src, prog)
				if err != nil {
					t.Fatal(err)
				}
				ids := maps.Clone(labels)
				checkLabels(t, labels)
				some, err := LabelsAt(src, prog.Go, prog.Arch, addresses(t, src, prog, ids))
				if err != nil {
					t.Fatal(err)
				}
				checkLabels(t, some)
				if wrong, err := LabelsAt(src, prog.Go, prog.Arch, map[int64]uint64{1: 8}); err != nil ||
					len(wrong) != 0 {
					t.Errorf("at no address: %v %v", wrong, err)
				}
			})
		}
	}
}

// addresses returns the g of each goroutine that ids has.
func addresses(t *testing.T, src Source, prog *Program, ids map[int64]map[string]string) map[int64]uint64 {
	t.Helper()
	p, err := newPlan(src, prog)
	if err != nil {
		t.Fatal(err)
	}
	r := newReader(src)
	gs := make(map[int64]uint64)
	for i := range r.u64(p.addr.Allgs + 8) {
		g := r.u64(r.u64(p.addr.Allgs) + 8*i)
		if id := int64(p.o.g.id.get(r.view(g, p.o.g.size))); ids[id] != nil {
			gs[id] = g
		}
	}
	return gs
}

// buildWith builds a program with a version of Go, or skips the test.
func buildWith(t *testing.T, v, ldflags, file string) string {
	t.Helper()
	dir := t.TempDir()
	exe := filepath.Join(dir, "prog")
	file, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-ldflags="+ldflags, "-o", exe, file)
	if v != runtime.Version() {
		skipToolchain(t, v)
		cmd.Dir = dir // whose modules need no newer one
		cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+v, "GOFLAGS=")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	if info, err := buildinfo.ReadFile(exe); err != nil || info.GoVersion != v {
		t.Fatalf("built with %v, want %s (%v)", info, v, err)
	}
	return exe
}

// skipToolchain skips the test where a version of Go would have to be downloaded first, or the standard library
// compiled.
func skipToolchain(t *testing.T, v string) {
	t.Helper()
	if testing.Short() {
		t.Skip("compiles the standard library of " + v)
	}
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	dir := filepath.Join(strings.TrimSpace(string(out)), "golang.org",
		fmt.Sprintf("toolchain@v0.0.1-%s.%s-%s", v, runtime.GOOS, runtime.GOARCH))
	if _, statErr := os.Stat(dir); err != nil || statErr != nil {
		t.Skipf("%s is not at hand: GOTOOLCHAIN=%s go version fetches it", v, v)
	}
}

func checkLabels(t *testing.T, labels map[int64]map[string]string) {
	t.Helper()
	many := map[string]string{"name": "many"}
	for i := range 20 {
		many[fmt.Sprintf("key%02d", i)] = fmt.Sprint(i)
	}
	want := map[string]map[string]string{
		"one":   {"name": "one"},
		"three": {"name": "three", "path": "/transfer", "trace_id": "4bf92f3577b34da6"},
		"odd":   {"name": "odd", "control": "a\x1b[31mb", "invalid": "a\uFFFD", "empty": ""},
		"long":  {"name": "long", "value": strings.Repeat("x", maxLabel) + "…"},
		"many":  many,
	}
	for id, set := range labels {
		name := set["name"]
		if fmt.Sprint(set) != fmt.Sprint(want[name]) {
			t.Errorf("goroutine %d: %q, want %q", id, set, want[name])
		}
		delete(want, name)
	}
	for name := range want {
		t.Errorf("the labels of %q were not read", name)
	}
}
