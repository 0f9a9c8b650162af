package gocmd

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/awaittrace/awaittrace/rewrite"
)

// When the go command measures coverage, it has cmd/cover put counters into the original files, and drops the overlay
// (golang/go#73802). So the counters, and all figures, are those of the original, and RunTool puts the probes into the
// output of cover.

// coverFlags are the flags that turn coverage on.
var coverFlags = []string{"cover", "covermode", "coverpkg", "coverprofile"}

// covers reports whether the build measures coverage.
func (inv *Invocation) covers(tc *Toolchain) bool {
	if inv.coverFlag() != "" {
		return true
	}
	for _, name := range coverFlags {
		if value, ok := tc.flag(name); ok && value != "false" && inv.Value(name) == "" {
			return true
		}
	}
	return false
}

// checkCover rejects what cannot be measured with probes.
func (inv *Invocation) checkCover(tc *Toolchain, overlay Overlay) error {
	if !inv.covers(tc) {
		return nil
	}
	if len(overlay) > 0 {
		return usagef("-overlay cannot be combined with coverage: the go command leaves overlays out where it " +
			"measures coverage (golang.org/issue/73802)")
	}
	patterns := inv.Value("coverpkg")
	if patterns == "" {
		patterns, _ = tc.flag("coverpkg")
	}
	for _, pattern := range strings.Split(patterns, ",") {
		if pattern == "all" || pattern == "std" || pattern == "..." {
			return usagef("-coverpkg=%s means the standard library too, and with probes the collector is a part of "+
				"it; name packages of modules, such as ./...", pattern)
		}
	}
	return nil
}

// A coveredFile is a file with probes.
type coveredFile struct {
	Text string // where it is
	Kept []rewrite.Span
}

// coverSign is added to the version of cover, by which the go command caches cover's output. It must change when the
// output of rewrite.Covered changes.
const coverSign = "+awaittrace1"

// cover runs cover, and puts the probes into its output.
func (t *tool) cover() (int, error) {
	if len(t.args) == 1 && strings.HasPrefix(t.args[0], "-V") {
		out, line := t.stdout, &bytes.Buffer{}
		t.stdout = line
		status, err := t.run()
		fmt.Fprintf(out, "%s%s\n", strings.TrimSpace(line.String()), coverSign)
		return status, err
	}
	status, err := t.run()
	if status != 0 || err != nil {
		return status, err
	}
	flags := flag.NewFlagSet("cover", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.String("pkgcfg", "", "")
	flags.String("mode", "", "")
	counter, list := flags.String("var", "", ""), flags.String("outfilelist", "", "")
	if err := flags.Parse(t.args); err != nil {
		return 0, fmt.Errorf("cannot parse how this Go release calls cover (%v); measure coverage without awaittrace",
			err)
	}
	if *list == "" { // a report of figures, or a package without counters
		return 0, nil
	}
	work, err := t.work()
	if err != nil {
		return 0, err
	}
	made, err := os.ReadFile(*list)
	if err != nil {
		return 0, err
	}
	outputs := strings.Split(strings.TrimSpace(string(made)), "\n")[1:] // the first has the variables
	if len(outputs) != flags.NArg() {
		return 0, errors.New("cannot parse how this Go release calls cover; measure coverage without awaittrace")
	}
	for i, name := range flags.Args() {
		if f, ok := work.Covered[name]; ok {
			if err := f.addProbes(name, outputs[i], *counter); err != nil {
				return 0, err
			}
		}
	}
	return 0, nil
}

// addProbes puts the probes of the file name into cover's output for it.
func (f *coveredFile) addProbes(name, output, counter string) error {
	text, err := os.ReadFile(f.Text)
	if err != nil {
		return err
	}
	original, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	covered, err := os.ReadFile(output)
	if err != nil {
		return err
	}
	file := rewrite.File{Name: name, Text: text, Kept: f.Kept}
	if covered, err = file.Covered(original, covered, counter); err != nil {
		return fmt.Errorf("%s: %v", name, err)
	}
	return os.WriteFile(output, covered, 0o666)
}
