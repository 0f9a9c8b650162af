package gocmd

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/awaittrace/awaittrace/rewrite/load"
)

// The linker puts the module graph into the program, for debug.ReadBuildInfo and go version -m. Modules that the build
// takes from their own folders, for probes (see openModCache), appear there as without awaittrace.

// A replacedModule is a module that the build takes from its own folder.
type replacedModule struct {
	Path, Version, Dir string
	// Line is its line in the build information without awaittrace, with that of its replacement, if any.
	Line string
}

// replacedModules are modules of the module cache.
func replacedModules(modules []load.Module, modCache string) (list []replacedModule) {
	for _, m := range modules {
		line := fmt.Sprintf("dep\t%s\t%s", m.Path, m.Version)
		switch {
		case m.As == "":
			line += "\t" + sumOf(modCache, m.Path, m.Version)
		case m.AsVersion != "":
			line += fmt.Sprintf("\n=>\t%s\t%s\t%s", m.As, m.AsVersion, sumOf(modCache, m.As, m.AsVersion))
		default: // a folder of the module cache, by the user's own will
			continue
		}
		list = append(list, replacedModule{m.Path, m.Version, m.Dir, line})
	}
	return list
}

// sumOf returns the checksum of a module as in go.sum, or "" if the module cache does not have it.
func sumOf(modCache, path, version string) string {
	name := filepath.Join(modCache, "cache", "download", filepath.FromSlash(escaped(path)), "@v",
		escaped(version)+".ziphash")
	sum, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(sum))
}

// escaped returns a path or version as in the module cache: an exclamation mark before each capital letter, in lower
// case.
func escaped(s string) string {
	var b strings.Builder
	for _, r := range s {
		if unicode.IsUpper(r) {
			b.WriteByte('!')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// link runs the linker.
func (t *tool) link() (int, error) {
	work, err := t.work()
	if err != nil {
		return 0, err
	}
	for i, arg := range t.args {
		if arg == "-importcfg" && i+1 < len(t.args) && len(work.Replaced) > 0 {
			if t.args[i+1], err = work.importConfig(t.args[i+1]); err != nil {
				return 0, err
			}
			break
		}
	}
	if work.Symbols { // debug information stays left out
		t.argv = slices.DeleteFunc(slices.Clone(t.argv), func(arg string) bool { return arg == "-s" })
	}
	return t.run()
}

// importConfig writes a copy of name, the linker's list of packages with the module graph, with the modules as without
// awaittrace.
func (w *toolWork) importConfig(name string) (string, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	const keyword = "modinfo "
	lines := strings.SplitAfter(string(data), "\n")
	for i, line := range lines {
		quoted, ok := strings.CutPrefix(line, keyword)
		if !ok {
			continue
		}
		info, err := strconv.Unquote(strings.TrimSpace(quoted))
		if err != nil {
			return "", fmt.Errorf("%s: %v", name, err)
		}
		lines[i] = keyword + strconv.Quote(w.restored(info)) + "\n"
	}
	name += ".awaittrace"
	return name, os.WriteFile(name, []byte(strings.Join(lines, "")), 0o666)
}

// restored returns info, a program's text about its modules, with the modules as without awaittrace.
func (w *toolWork) restored(info string) string {
	for _, m := range w.Replaced {
		before, rest, ok := strings.Cut(info, fmt.Sprintf("dep\t%s\t%s\n=>\t", m.Path, m.Version))
		if !ok {
			continue
		}
		by, after, _ := strings.Cut(rest, "\n")
		if dir, _, _ := strings.Cut(by, "\t"); filepath.Clean(dir) == m.Dir {
			info = before + m.Line + "\n" + after
		}
	}
	return info
}
