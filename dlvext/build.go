package dlvext

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-delve/delve/pkg/config"
	"github.com/go-delve/delve/pkg/gobuild"

	"github.com/awaittrace/awaittrace/internal/gocmd"
)

// A build builds the program of a session with probes, as Delve would without.
type build struct {
	inv *gocmd.Invocation
	exe string // what is built
	// prepare instruments the packages, and prints what the user should know.
	prepare func(*gocmd.Invocation) (*gocmd.Prepared, error)
}

// newBuild reads the flags and packages of a build: output is Delve's flag of that name, flags is --build-flags, and
// ours are our own flags.
func newBuild(verb gocmd.Verb, output, flags string, ours, packages []string, env Env) (*build, error) {
	b := &build{prepare: env.Prepare}
	switch {
	case output != "":
		b.exe = output
	case verb == gocmd.Test:
		b.exe = gobuild.DefaultDebugBinaryPath("debug.test")
	default:
		b.exe = gobuild.DefaultDebugBinaryPath("__debug_bin")
	}
	var err error
	if b.exe, err = filepath.Abs(b.exe); err != nil { // relative to the current folder, not to that of -C
		return nil, err
	}
	// As Delve does it: see goBuildArgs in its package gobuild.
	dir, rest := leadingDir(config.SplitQuotedFields(flags, '\''))
	var own []string
	if verb == gocmd.Test {
		own = append(own, "-c")
	}
	own = append(own, "-o", b.exe, "-gcflags", "all=-N -l")
	b.inv, err = gocmd.Parse(verb, slices.Concat(dir, own, rest, ours, packages), env.After)
	if err != nil {
		b.remove()
	} else {
		b.inv.Debugger = true
	}
	if errors.Is(err, gocmd.ErrHelp) {
		err = errors.New("--build-flags: -h is for the command line; see go help build")
	}
	return b, err
}

// leadingDir splits off the flag -C, which go takes only before all others.
func leadingDir(flags []string) (dir, rest []string) {
	switch {
	case len(flags) >= 2 && (flags[0] == "-C" || flags[0] == "--C"):
		return flags[:2], flags[2:]
	case len(flags) >= 1 && strings.HasPrefix(strings.TrimLeft(flags[0], "-"), "C="):
		return flags[:1], flags[1:]
	}
	return nil, flags
}

// run builds the program.
func (b *build) run() error {
	p, err := b.prepare(b.inv)
	if err != nil {
		return err
	}
	defer p.Close()
	cmd := p.Command()
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit): // go has printed why
		return fmt.Errorf("go %s: %w", b.inv.Verb, err)
	case err != nil:
		return err
	case p.Broken != nil:
		return fmt.Errorf("built without probes, because the packages could not be loaded: %v", p.Broken)
	}
	if _, err := os.Stat(b.exe); err != nil {
		return fmt.Errorf("nothing to debug: %v has no main package, or no tests", b.inv.Packages)
	}
	return nil
}

// remove removes what was built.
func (b *build) remove() {
	if _, err := os.Stat(b.exe); err == nil {
		gobuild.Remove(b.exe)
	}
}

// packageDir returns the folder of the package under test, in which tests run.
func packageDir(packages []string) string {
	out, err := exec.Command("go", append([]string{"list", "--json"}, packages...)...).Output()
	var p struct{ Dir string }
	if err != nil || json.Unmarshal(out, &p) != nil {
		return "."
	}
	return p.Dir
}
