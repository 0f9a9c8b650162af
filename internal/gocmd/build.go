package gocmd

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/rewrite"
	"github.com/awaittrace/awaittrace/rewrite/load"
	collector "github.com/awaittrace/awaittrace/runtime"
)

// A Prepared build is a go command line that is ready to run. Close it when it has run.
type Prepared struct {
	inv     *Invocation
	tc      *Toolchain
	tmp     string // a folder of ours, removed by Close
	tmpDone func() // releases it
	overlay string // the file for -overlay, or empty
	tools   string // the value for -toolexec, or empty

	// Result is what was instrumented. If Broken is not nil it covers the other packages, and is nil if there are none.
	Result *rewrite.Result
	// Broken says why the packages could not be loaded. The commands then run without probes, so that the go command
	// tells the user what is wrong.
	Broken error
}

// The files of a Prepared build that its flags name.
const (
	overlayName = "overlay.json"
	toolsName   = "tools.json"
	// shortcutName is what the shell is given: see shortcut.
	shortcutName = "tools.sh"
)

// Prepare instruments the packages of inv. env is the environment for the go command and everything that it starts.
func Prepare(inv *Invocation, env []string) (*Prepared, error) {
	cache, err := OpenCache()
	if err != nil {
		return nil, err
	}
	tc, err := FindToolchain(inv.Dir, env, cache)
	if err != nil {
		return nil, err
	}
	overlay, err := inv.userOverlay(tc)
	if err != nil {
		return nil, err
	}
	if err := inv.checkCover(tc, overlay); err != nil {
		return nil, err
	}
	p := &Prepared{inv: inv, tc: tc}
	what := output{collector: CollectorPath, tests: inv.Verb == Test}
	if p.Result, err = inv.instrument(cache, tc, overlay, env, what); err != nil {
		var broken *load.CompileError
		if !errors.As(err, &broken) {
			return nil, err
		}
		p.Broken = tc.explain(broken, release(runtime.Version()))
		if p.Result, err = inv.instrumentRest(broken, cache, tc, overlay, env, what); err != nil {
			return nil, err
		}
	}
	if p.tmp, p.tmpDone, err = makeTemp(); err != nil {
		return nil, err
	}
	if err := p.writeOverlay(overlay, cache); err != nil {
		p.Close()
		return nil, err
	}
	// If the cache cannot be trimmed now, a later call does.
	_ = cache.Trim(time.Now())
	return p, nil
}

// instrumentRest instruments the packages for go test that broken does not affect: the go command still tests those.
// The result is nil if there are none.
func (inv *Invocation) instrumentRest(broken *load.CompileError, cache *Cache, tc *Toolchain, overlay Overlay,
	env []string, what output) (*rewrite.Result, error) {
	if inv.Verb != Test || len(broken.Good) == 0 {
		return nil, nil
	}
	rest := *inv
	rest.Packages = broken.Good
	result, err := rest.instrument(cache, tc, overlay, env, what)
	if errors.As(err, &broken) { // the source has just changed
		return nil, nil
	}
	return result, err
}

// An output says what the rewriter writes.
type output struct {
	collector string // import path
	tree      string // only dependencies in this folder get probes; empty: any
	tests     bool   // test files too
}

// instrument runs the rewriter. env is the environment before tc changed it: the rewriter's go list finds the same
// toolchain by itself.
func (inv *Invocation) instrument(cache *Cache, tc *Toolchain, overlay Overlay, env []string,
	what output) (*rewrite.Result, error) {
	trimpath, _ := tc.flag("trimpath")
	deps, byDefault, err := inv.deps(env)
	if err != nil {
		return nil, err
	}
	env, flags := tc.forList(env)
	cfg := rewrite.Config{
		Config: load.Config{
			Dir:         inv.Dir,
			Env:         env,
			Arch:        tc.Settings["GOARCH"],
			BuildFlags:  append(flags, inv.ListFlags...),
			Patterns:    inv.Packages,
			Tests:       what.tests,
			Overlay:     map[string][]byte{},
			Progress:    inv.Progress,
			Deps:        deps,
			DepsIfAny:   byDefault,
			Tree:        what.tree,
			RuntimePath: what.collector,
		},
		TestBodies: inv.Verb == Test || inv.Options.LockOrder, // go statements tell which goroutines can overlap
		Probes:     inv.Options.Probes,
		ProbeFuncs: inv.Options.ProbeFuncs,
		Revertible: what.collector != CollectorPath,
		ChanCap:    inv.Options.ChanCap,
		IOTimeout:  inv.Options.IOTimeout,
		Spans:      inv.covers(tc),
		Trimpath:   inv.Bool("trimpath") || trimpath == "true" && inv.Value("trimpath") == "",
	}
	for from, to := range overlay {
		if to == "" {
			return nil, usagef("-overlay: it takes %s out of the build, which cannot be combined with probes", from)
		}
		text, err := os.ReadFile(to)
		if err != nil {
			return nil, fmt.Errorf("-overlay: %v", err)
		}
		cfg.Overlay[from] = text
	}
	result, err := instrumentOnce(cache, tc, cfg)
	var unmatched *load.DepsError
	if errors.As(err, &unmatched) {
		return nil, usagef("%v", unmatched)
	}
	return result, err
}

// userOverlay reads the user's own -overlay, which may be in GOFLAGS. The result is empty if there is none.
func (inv *Invocation) userOverlay(tc *Toolchain) (Overlay, error) {
	name := inv.Value("overlay")
	if name == "" {
		name, _ = tc.flag("overlay")
	}
	if name == "" {
		return Overlay{}, nil
	}
	return ReadOverlay(inv.Dir, name)
}

// writeOverlay writes the file for go's -overlay: the instrumented files and the collector, over what the user
// replaces.
func (p *Prepared) writeOverlay(overlay Overlay, cache *Cache) (err error) {
	given := maps.Clone(overlay)
	var replaced []load.Module
	if p.Result != nil && len(p.Result.Files) > 0 {
		if err := overlay.addCollector(p.tc.GOROOT, cache); err != nil {
			return err
		}
		for _, f := range p.Result.Files {
			stored, known := cache.current[f.Name]
			if !known {
				if stored, err = cache.Put(f.Text, filepath.Ext(f.Name)); err != nil {
					return err
				}
			}
			overlay[f.Name] = stored
		}
		if replaced, err = overlay.openModCache(p.inv, p.tc, p.Result, cache); err != nil {
			return err
		}
	}
	if p.tools, err = p.toolexec(given, overlay, replaced); err != nil {
		return err
	}
	if len(overlay) == 0 {
		return nil
	}
	p.overlay = filepath.Join(p.tmp, overlayName)
	return overlay.write(p.overlay)
}

// Close removes what was written for the build.
func (p *Prepared) Close() error {
	err := os.RemoveAll(p.tmp)
	p.tmpDone()
	return err
}

// Flags returns the flags, and Env the variables, for a go command that the caller runs instead of Command.
func (p *Prepared) Flags() []string {
	var flags []string
	if p.overlay != "" {
		flags = append(flags, "-overlay="+p.overlay)
	}
	if p.tools != "" {
		flags = append(flags, "-toolexec="+p.tools)
	}
	return flags
}

// Env returns the variables that the go command needs besides those that Prepare was given.
func (p *Prepared) Env() []string { return p.tc.Env[p.tc.given:] }

// Renew makes the flags of p refer to the files of again, the same build prepared later. It closes again.
func (p *Prepared) Renew(again *Prepared) error {
	defer again.Close()
	if again.Broken != nil {
		return again.Broken
	}
	if again.overlay == "" || p.overlay == "" {
		if again.overlay != p.overlay {
			return errors.New("there were no probes before, or there are none now")
		}
		return nil
	}
	for _, name := range []string{overlayName, toolsName} {
		if err := os.Rename(filepath.Join(again.tmp, name), filepath.Join(p.tmp, name)); err != nil &&
			!errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	p.Result = again.Result
	return nil
}

// Command returns the go command for build and test. Its standard files are not set.
func (p *Prepared) Command() *exec.Cmd {
	return p.command(p.inv.Verb, p.inv.GoArgs)
}

func (p *Prepared) command(verb Verb, args []string) *exec.Cmd {
	cmd := exec.Command(p.tc.Go, slices.Concat([]string{string(verb)}, p.Flags(), args)...)
	cmd.Dir, cmd.Env = p.inv.Dir, p.tc.Env
	p.inv.askCollector(cmd)
	return cmd
}

// askCollector adds to the environment of cmd the settings of the collector by our flags.
func (inv *Invocation) askCollector(cmd *exec.Cmd) {
	if inv.Options.LockOrder {
		cmd.Env = append(cmd.Environ(), collector.OrderVar+"=1")
	}
}

// BuildProgram returns the go command that builds the package of run. Its standard files are not set.
func (p *Prepared) BuildProgram() *exec.Cmd {
	args := append([]string{}, p.inv.GoArgs...)
	// As go run does, because the program is not kept.
	if _, ok := p.tc.flag("buildvcs"); !ok && p.inv.Value("buildvcs") == "" {
		args = append(args, "-buildvcs=false")
	}
	args = append(args, "-o", p.bin()+string(filepath.Separator), "--")
	return p.command(Build, append(args, p.inv.Packages...))
}

// bin is the folder that the program of run is built into: go build then gives it the name that it has by default.
func (p *Prepared) bin() string { return filepath.Join(p.tmp, "bin") }

// Program returns the command that starts the program that BuildProgram built, in the current folder or that of -C,
// under the program of -exec. Its standard files are not set.
func (p *Prepared) Program() (*exec.Cmd, error) {
	entries, err := os.ReadDir(p.bin())
	if err != nil {
		return nil, err
	}
	if len(entries) != 1 {
		return nil, fmt.Errorf("pattern %s matches %d main packages; run takes one", p.inv.Packages[0], len(entries))
	}
	argv := []string{filepath.Join(p.bin(), entries[0].Name())}
	if with := p.inv.Value("exec"); with != "" {
		words, err := splitQuoted(with)
		if err != nil {
			return nil, usagef("-exec: %v", err)
		}
		argv = append(words, argv...)
	}
	cmd := exec.Command(argv[0], append(argv[1:], p.inv.Args...)...)
	cmd.Dir = p.inv.Dir
	p.inv.askCollector(cmd)
	return cmd, nil
}
