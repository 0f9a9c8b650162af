package gocmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/lock"
	"github.com/awaittrace/awaittrace/rewrite"
	"github.com/awaittrace/awaittrace/rewrite/load"
)

// Source is instrumented source that is not written yet.
type Source struct {
	// Result is what was instrumented, test files included unless NoTests is set.
	Result *rewrite.Result
	// NoTests says why the test files could not be loaded, and is nil if they could.
	NoTests error
	// Modules are the main modules: that of the folder, or those of the workspace. The first one holds the collector.
	Modules []Module
	// Root is the folder of go.work, or of go.mod if there is no workspace.
	Root string

	inv *Invocation
	tc  *Toolchain
}

// A Module is a main module.
type Module struct{ Path, Dir string }

// checkForm checks the flags that say where the verb instrument writes, and sets the default for the packages.
func (inv *Invocation) checkForm() error {
	forms := 0
	for _, given := range []bool{inv.Value("o") != "", inv.Bool("w"), inv.Value("overlay") != ""} {
		if given {
			forms++
		}
	}
	if forms != 1 {
		return usagef("instrument takes one of -o DIR (write a copy), -w (write in place) and -overlay FILE (write " +
			"what go build -overlay takes)")
	}
	for _, name := range []string{"o", "overlay"} {
		if value := inv.Value(name); strings.Contains(value, "...") {
			return usagef("-%s: %q is a pattern of packages; name the %s first", name, value,
				map[string]string{"o": "folder of the copy", "overlay": "file"}[name])
		}
	}
	if len(inv.Packages) == 0 {
		inv.Packages = []string{"./..."}
		inv.GoArgs = append(inv.GoArgs, inv.Packages...)
	}
	return nil
}

// InstrumentSource instruments the packages of inv for the verb instrument. The collector is the package CollectorPath
// of the standard library, or, if it is part of the tree, the folder rewrite.CollectorFolder of the first main module.
func InstrumentSource(inv *Invocation, env []string, inTree bool) (*Source, error) {
	cache, err := OpenCache()
	if err != nil {
		return nil, err
	}
	s := &Source{inv: inv}
	if s.tc, err = FindToolchain(inv.Dir, env, cache); err != nil {
		return nil, err
	}
	if _, ok := s.tc.flag("overlay"); ok {
		return nil, usagef("GOFLAGS: -overlay cannot be combined with instrument")
	}
	what := output{collector: CollectorPath, tests: true}
	if inTree {
		if err := s.findModules(); err != nil {
			return nil, err
		}
		what.collector = s.Modules[0].Path + "/" + rewrite.CollectorFolder
		if inv.Bool("w") {
			what.tree = s.Root
		}
	}
	var broken *load.CompileError
	s.Result, err = inv.instrument(cache, s.tc, Overlay{}, env, what)
	if errors.As(err, &broken) { // the imports of tests may be missing
		s.NoTests, what.tests = err, false
		s.Result, err = inv.instrument(cache, s.tc, Overlay{}, env, what)
	}
	if errors.As(err, &broken) {
		err = s.tc.explain(broken, release(runtime.Version()))
		if err == error(broken) {
			err = &GoError{shortened(broken, absolute(inv.Dir, "."))}
		}
	}
	return s, err
}

// shortened lists the errors of packages that do not compile: each once, with files relative to dir.
func shortened(broken *load.CompileError, dir string) string {
	var lines []string
	for _, e := range broken.Errors {
		text := strings.TrimSpace(e.Msg)
		if e.Pos != "" && e.Pos != "-" {
			text = e.Pos + ": " + text
		}
		for _, line := range strings.Split(strings.ReplaceAll(text, dir+string(filepath.Separator), ""), "\n") {
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	return strings.Join(lines, "\n")
}

// findModules asks the go command for the main modules.
func (s *Source) findModules() error {
	module, workspace := s.tc.Settings["GOMOD"], s.tc.Settings["GOWORK"]
	if workspace == "" && (module == "" || module == os.DevNull) {
		return errors.New("go.mod file not found in the current folder or above: instrument -o and -w put the " +
			"collector into a module")
	}
	s.Root = filepath.Dir(module)
	if workspace != "" && workspace != "off" {
		s.Root = filepath.Dir(workspace)
	}
	out, err := s.goOutput("list", "-m", "-json")
	if err != nil {
		return err
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var m Module
		if err := d.Decode(&m); err == io.EOF {
			break
		} else if err != nil {
			return fmt.Errorf("go list -m: %v", err)
		}
		s.Modules = append(s.Modules, m)
	}
	// A module outside of the root is not part of a copy.
	slices.SortStableFunc(s.Modules, func(a, b Module) int {
		inA, inB := within(a.Dir, s.Root), within(b.Dir, s.Root)
		switch {
		case inA && !inB:
			return -1
		case inB && !inA:
			return 1
		}
		return strings.Compare(a.Path, b.Path)
	})
	if len(s.Modules) == 0 || !within(s.Modules[0].Dir, s.Root) {
		return fmt.Errorf("no module in %s", s.Root)
	}
	return nil
}

func (s *Source) goOutput(args ...string) ([]byte, error) {
	return goOutput(s.tc, s.inv.Dir, args...)
}

func goOutput(tc *Toolchain, dir string, args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := exec.Command(tc.Go, args...)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, tc.quietEnv(), &stderr
	out, err := cmd.Output()
	if err != nil {
		if text := strings.TrimSpace(stderr.String()); text != "" {
			return nil, fmt.Errorf("go %s: %s", strings.Join(args, " "), text)
		}
		return nil, fmt.Errorf("go %s: %v", strings.Join(args, " "), err)
	}
	return out, nil
}

// Go runs the go command in a folder and returns its standard output.
func (s *Source) Go(dir string, args ...string) ([]byte, error) { return goOutput(s.tc, dir, args...) }

// Deps are the dependencies outside of Root that have instrumented files, sorted by path.
func (s *Source) Deps() []load.Module {
	var deps []load.Module
	for _, m := range s.Result.Modules {
		if m.Dir != "" && !within(m.Dir, s.Root) &&
			slices.ContainsFunc(s.Result.Files, func(f rewrite.File) bool { return within(f.Name, m.Dir) }) {
			deps = append(deps, m)
		}
	}
	return deps
}

// ModuleFile is the file that says where modules are: go.work, the file of -modfile, or go.mod.
func (s *Source) ModuleFile() string { return s.inv.moduleFile(s.tc) }

// Collector returns the folder of the collector.
func (s *Source) Collector() string { return filepath.Join(s.Modules[0].Dir, rewrite.CollectorFolder) }

// WriteOverlay writes the file for go's -overlay, and the files that it names into a folder beside it, name + ".files".
// It returns the command line that builds the packages with it. A file or folder there that is not of an earlier call
// is an error.
func (s *Source) WriteOverlay() (command, environment string, err error) {
	name := absolute(s.inv.Dir, s.inv.Value("overlay"))
	unlock, err := lock.Take(lock.Beside(name), name)
	if err != nil {
		return "", "", fmt.Errorf("-overlay: %w", err)
	}
	defer unlock()
	if err := replaceable(name); err != nil {
		return "", "", err
	}
	folder, err := newFolder(name + ".files")
	if err != nil {
		return "", "", err
	}
	overlay := Overlay{}
	if err := overlay.addCollector(s.tc.GOROOT, folder); err != nil {
		return "", "", err
	}
	for _, f := range s.Result.Files {
		stored, err := folder.Put(f.Text, filepath.Ext(f.Name))
		if err != nil {
			return "", "", err
		}
		overlay[f.Name] = stored
	}
	if _, err := overlay.openModCache(s.inv, s.tc, s.Result, folder); err != nil {
		return "", "", err
	}
	if err := overlay.write(name); err != nil {
		return "", "", fmt.Errorf("-overlay: %v", err)
	}
	environment, err = s.environment(name)
	return s.command(name), environment, err
}

// overlaySign is a file in a folder of WriteOverlay.
const overlaySign = "awaittrace-overlay"

// replaceable returns an error if the file of an overlay has something in it that no earlier call wrote, such as the
// source of a program.
func replaceable(name string) error {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && info.Mode().IsRegular() && info.Size() == 0:
		return nil
	case err != nil:
		return fmt.Errorf("-overlay: %v", err)
	case info.IsDir():
		return fmt.Errorf("-overlay: %s is a folder; name a file", name)
	}
	if _, err := os.Lstat(filepath.Join(name+".files", overlaySign)); err != nil {
		return notOurs(name)
	}
	return nil
}

// notOurs is the error of a file or folder that is in the way.
func notOurs(name string) error {
	return fmt.Errorf("-overlay: %s exists, and no earlier instrument -overlay wrote it; remove it or name another file",
		name)
}

// newFolder makes a folder for the files of an overlay, in place of one that an earlier call made.
func newFolder(dir string) (*Cache, error) {
	sign := filepath.Join(dir, overlaySign)
	if _, err := os.Lstat(dir); err == nil {
		if _, err := os.Lstat(sign); err != nil {
			return nil, notOurs(dir)
		}
		if err := os.RemoveAll(filepath.Join(dir, "text")); err != nil {
			return nil, fmt.Errorf("-overlay: %v", err)
		}
	}
	if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("-overlay: %v", err)
	}
	if err := os.WriteFile(sign, []byte("The files beside this one belong to an overlay of the go command, which "+
		"awaittrace instrument -overlay wrote.\n"), 0o666); err != nil {
		return nil, fmt.Errorf("-overlay: %v", err)
	}
	// The folder may be in a module; a go.mod of its own keeps it apart.
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module awaittrace_overlay\n"), 0o666); err != nil {
		return nil, fmt.Errorf("-overlay: %v", err)
	}
	return &Cache{dir: dir}, nil
}

// command returns the command line that builds the packages with an overlay, for a shell.
func (s *Source) command(overlay string) string {
	var words []string
	for _, e := range s.tc.Env[s.tc.given:] { // for a toolchain or a module cache that is named by a link
		if !strings.HasPrefix(e, "PATH=") {
			words = append(words, e)
		}
	}
	if s.tc.linked {
		words = append(words, s.tc.Go)
	} else {
		words = append(words, "go")
	}
	words = append(words, "build")
	if s.inv.Dir != "" {
		words = append(words, "-C", s.inv.Dir)
	}
	words = append(append(words, "-overlay="+overlay), s.inv.GoArgs...)
	for i, word := range words {
		words[i] = shellQuote(word)
	}
	return strings.Join(words, " ")
}

// environment returns what a shell must export for a tool that calls the go command itself. It keeps the user's
// GOFLAGS.
func (s *Source) environment(overlay string) (string, error) {
	var words []string
	for _, e := range s.tc.Env[s.tc.given:] {
		if !strings.HasPrefix(e, "PATH=") {
			words = append(words, shellQuote(e))
		}
	}
	if s.tc.linked {
		words = append(words, "PATH="+shellQuote(filepath.Dir(s.tc.Go))+`:"$PATH"`)
	}
	flag, err := joinQuoted([]string{"-overlay=" + overlay})
	return strings.Join(append(words, `GOFLAGS="${GOFLAGS:+$GOFLAGS }"`+shellQuote(flag)), " "), err
}

// shellQuote quotes a word for a POSIX shell if it needs that.
func shellQuote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-_=./,:@+%", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
