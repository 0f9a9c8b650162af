package rewrite

import (
	"bytes"
	"go/version"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/rewrite/load"
	"golang.org/x/tools/txtar"
)

// TestForms checks that each module testdata/forms/*.txtar prints the same with and without probes. If the archive's
// comment has a line "test: PATTERNS", it compares the tests' output. Other options in the comment are "tags: LIST",
// "no newline: FILES", for files that lose their last newline, and "go: VERSION", the first that has the form.
func TestForms(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	names, err := filepath.Glob("testdata/forms/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatalf("no forms: %v", err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			options := formOptions(archive.Comment)
			if v := options["go"]; version.Compare(runtime.Version(), "go"+v) < 0 {
				t.Skip("since Go " + v)
			}
			dir := t.TempDir()
			for _, f := range archive.Files {
				if strings.Contains(options["no newline"], f.Name) {
					f.Data = bytes.TrimSuffix(f.Data, []byte("\n"))
				}
				write(t, filepath.Join(dir, f.Name), f.Data)
			}
			if patterns := options["test"]; patterns != "" {
				sameTests(t, dir, strings.Fields(patterns)...)
				return
			}
			flags := []string{"-trimpath"}
			if tags := options["tags"]; tags != "" {
				flags = append(flags, "-tags="+tags)
			}
			samePrograms(t, dir, flags...)
		})
	}
}

// formOptions returns the lines of a comment that have a colon in them.
func formOptions(comment []byte) map[string]string {
	options := map[string]string{}
	for line := range strings.Lines(string(comment)) {
		if name, value, ok := strings.Cut(line, ":"); ok {
			options[name] = strings.TrimSpace(value)
		}
	}
	return options
}

// durations matches the times in the output of go test.
var durations = regexp.MustCompile(`[0-9]+\.[0-9]+s`)

// sameTests runs the tests in dir with and without probes, and compares what they print.
func sameTests(t *testing.T, dir string, patterns ...string) {
	t.Helper()
	p, result := mustInstrument(t,
		Config{Config: load.Config{Dir: dir, Env: offline(), Patterns: patterns, Tests: true}})
	if len(result.Files) == 0 {
		t.Fatal("nothing was instrumented")
	}
	checkTree(t, p)
	test := func(flags ...string) string {
		cmd := exec.Command("go", append(append([]string{"test", "-v", "-count=1", "-vet=off"}, flags...),
			patterns...)...)
		cmd.Dir, cmd.Env = dir, append(offline(), "AWAITTRACE_DIR="+t.TempDir())
		out, _ := cmd.CombinedOutput()
		return durations.ReplaceAllString(string(out), "")
	}
	want, got := test(), test("-overlay", writeOverlay(t, result))
	if want != got {
		t.Error(firstDifference(want, got))
	}
	if !strings.Contains(want, "--- PASS") || strings.Contains(want, "[build failed]") {
		t.Errorf("no test ran:\n%s", want)
	}
}
