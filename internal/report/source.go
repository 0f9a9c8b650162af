package report

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// IsTerminal reports whether w is a terminal.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// ForWriter returns the options of a text for w: with colour if w should have it, and with source lines on a terminal.
func ForWriter(w io.Writer) TextOptions {
	f, _ := w.(*os.File)
	opt := TextOptions{Color: Color(f, os.Getenv)}
	if IsTerminal(w) {
		opt.Source = ReadSource
	}
	return opt
}

// Paths returns the function by which a report on w shortens paths: Short on a terminal, Relative elsewhere. It returns
// nil if the working folder is unknown.
func Paths(w io.Writer) func(string) string {
	dir, err := os.Getwd()
	switch {
	case err != nil:
		return nil
	case IsTerminal(w):
		return Short(dir)
	}
	return Relative(dir)
}

// Relative returns a function for diagnose.Options.Path: it makes paths below the folder dir relative to it, and
// leaves others.
func Relative(dir string) func(string) string {
	prefix := strings.TrimSuffix(dir, string(filepath.Separator)) + string(filepath.Separator)
	return func(file string) string {
		if rel, ok := strings.CutPrefix(file, prefix); ok && len(prefix) > 1 {
			return rel
		}
		return file
	}
}

// Short returns a function for diagnose.Options.Path that shortens paths for a terminal: those of the module that the
// folder dir is in are relative to dir, as the go command writes them, and those of the module cache begin with the
// module.
func Short(dir string) func(string) string {
	relative, root := Relative(dir), moduleRoot(dir)
	return func(file string) string {
		short := relative(file)
		if short == file && root != "" && Relative(root)(file) != file {
			if up, err := filepath.Rel(dir, file); err == nil {
				return up
			}
		}
		cache := string(filepath.Separator) + filepath.Join("pkg", "mod") + string(filepath.Separator)
		if _, module, ok := strings.Cut(short, cache); ok && strings.Contains(module, "@") {
			return module
		}
		return short
	}
}

// moduleRoot returns the root of the module that dir is in, or "" if there is none.
func moduleRoot(dir string) string {
	for {
		if info, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil && info.Mode().IsRegular() {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// ReadSource reads a Go source file. The name comes from another program, so it refuses other files, and files that are
// not regular.
func ReadSource(name string) ([]byte, error) {
	const most = 8 << 20
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if filepath.Ext(name) != ".go" || !info.Mode().IsRegular() || info.Size() > most {
		return nil, fmt.Errorf("%s is not Go source", name)
	}
	return os.ReadFile(name)
}

// maxSource bounds a line of source, in characters.
const maxSource = 120

// source writes the source line of the root of f, or else of its first place, if the file is there and the line still
// has the operation.
func (t *text) source(f *diagnose.Finding) {
	if t.opt.Source == nil {
		return
	}
	file, at, expr := "", 0, ""
	if p := t.leads(f); p != nil {
		file, at, expr = p.File, p.Line, p.Expr
	} else if g := t.root(f); g != nil {
		if own := diagnose.OwnFrame(g.Stack); own != nil {
			file, at = own.File, own.Line
		}
	}
	text, err := t.opt.Source(file)
	lines := strings.Split(string(text), "\n")
	if err != nil || at < 1 || at > len(lines) {
		return
	}
	line := strings.Join(strings.Fields(lines[at-1]), " ")
	begin, _, _ := strings.Cut(expr, " ") // a select is told in other words than its line
	if line == "" || !strings.Contains(line, begin) {
		return
	}
	if runes := []rune(line); len(runes) > maxSource {
		line = string(runes[:maxSource]) + "…"
	}
	t.line("    %s:%d:  %s", t.path(file), at, t.paint(dim, line))
}

// leads returns the probe that leads f: the last one of its root, or its first place; nil if it has none.
func (t *text) leads(f *diagnose.Finding) *snapshot.Probe {
	if g := t.root(f); g != nil {
		return g.Last
	}
	if len(f.Places) > 0 {
		return f.Places[0]
	}
	return nil
}
