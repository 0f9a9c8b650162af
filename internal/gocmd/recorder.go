package gocmd

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/rewrite"
	"github.com/awaittrace/awaittrace/rewrite/load"
)

// A recorder lists the inputs of a result of the rewriter. It leaves out what the go command takes to be fixed:
// packages of GOROOT and of the module cache.
type recorder struct {
	start time.Time // before anything was read
	tc    *Toolchain
	cfg   *rewrite.Config
	read  load.Inputs

	list []input
	seen map[string]bool
	// moving means that an input was changed while the rewriter ran, so it is unknown which version it saw.
	moving bool
}

// record sets list, and reports whether the list is complete.
func (r *recorder) record() bool {
	r.seen = map[string]bool{}
	r.file(r.tc.Settings["GOENV"])
	for _, dir := range r.modules() {
		for _, name := range []string{"go.mod", "go.sum", filepath.Join("vendor", "modules.txt")} {
			r.file(filepath.Join(dir, name))
		}
	}
	for _, dir := range r.read.Folders {
		if !within(dir, r.tc.Settings["GOROOT"]) && !within(dir, r.tc.GOROOT) &&
			!within(dir, r.tc.Settings["GOMODCACHE"]) {
			r.folder(dir)
		}
	}
	for _, pattern := range r.cfg.Patterns {
		if strings.HasSuffix(pattern, ".go") {
			r.file(absolute(r.cfg.Dir, pattern))
		}
		r.pattern(pattern)
	}
	return !r.moving
}

// file adds a file, which need not exist.
func (r *recorder) file(name string) {
	if name == "" || name == "off" || name == os.DevNull {
		return
	}
	r.add(&input{Name: name})
}

// folder adds a folder and the source in it.
func (r *recorder) folder(dir string) {
	if r.seen[dir] {
		return
	}
	r.add(&input{Name: dir, Folder: true})
	entries, err := os.ReadDir(dir)
	if err != nil {
		r.moving = true
	}
	for _, e := range entries {
		if !e.IsDir() && isSource(e.Name(), r.cfg.Tests) {
			r.file(filepath.Join(dir, e.Name()))
		}
	}
}

func (r *recorder) add(in *input) {
	if r.seen[in.Name] {
		return
	}
	r.seen[in.Name] = true
	var err error
	if in.Stamp, err = stampOf(in.Name); err != nil {
		r.moving = true
		return
	}
	if in.Stamp != (stamp{}) {
		in.Racy = in.Stamp.since(r.start.Add(-racyFor))
		if sums, ok := parsed(r.cfg, r.read, in.Name); ok {
			in.Sum, in.Head = sums.Text[:], sums.Head[:]
		} else if in.Sum, err = in.sum(r.cfg.Tests); err != nil || in.Stamp.since(r.start.Add(-tick)) {
			r.moving = true
		}
	}
	r.list = append(r.list, *in)
}

// tick is how far file times may lag behind the clock: a tick of the kernel.
const tick = 20 * time.Millisecond

// parsed returns the sums of the text that the rewriter read from a file.
func parsed(cfg *rewrite.Config, read load.Inputs, name string) (sums load.Sums, ok bool) {
	if _, ok := cfg.Overlay[name]; ok {
		return sums, false
	}
	sums, ok = read.Texts[name]
	return sums, ok
}

// pattern adds the folders in which new packages may match a pattern.
func (r *recorder) pattern(pattern string) {
	before, _, wild := strings.Cut(pattern, "...")
	local := filepath.IsAbs(pattern) || pattern == "." || pattern == ".." || strings.HasPrefix(pattern, "./") ||
		strings.HasPrefix(pattern, "../")
	switch {
	case wild && local:
		if !strings.HasSuffix(before, "/") {
			before = filepath.Dir(before)
		}
		r.tree(absolute(r.cfg.Dir, before))
	case wild, pattern == "all", pattern == "work":
		for _, dir := range r.modules() {
			r.tree(dir)
		}
	}
}

// tree adds all folders below dir in which the go command looks for packages, and their source.
func (r *recorder) tree(dir string) {
	dir += string(filepath.Separator) // so that a link is followed, here alone, as the go command does
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		if name != dir && (!matters(e, true) || e.Name() == "vendor") {
			return filepath.SkipDir
		}
		r.folder(name)
		if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil && name != dir {
			return filepath.SkipDir // another module, whose go.mod the folder's list has
		}
		return nil
	})
	if err != nil {
		r.moving = true
	}
}

// modules are the folders of the workspace, of the main modules and of those that replace others, sorted. It adds the
// files that say so.
func (r *recorder) modules() []string {
	var dirs []string
	if work := r.tc.Settings["GOWORK"]; work != "" && work != "off" {
		r.file(work)
		r.file(work + ".sum")
		dirs = append(dirs, filepath.Dir(work))
		edited := r.edit("work", work)
		dirs = append(dirs, edited.folders(filepath.Dir(work))...)
	} else if module := r.tc.Settings["GOMOD"]; module != os.DevNull {
		dirs = append(dirs, filepath.Dir(module))
	}
	if file := r.modfile(); file != "" {
		r.file(file)
		r.file(strings.TrimSuffix(file, ".mod") + ".sum")
		edited := r.edit("mod", file)
		dirs = append(dirs, edited.folders(filepath.Dir(r.tc.Settings["GOMOD"]))...)
	}
	for _, dir := range slices.Clone(dirs) {
		file := filepath.Join(dir, "go.mod")
		if _, err := os.Stat(file); err == nil {
			edited := r.edit("mod", file)
			dirs = append(dirs, edited.folders(dir)...)
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// modfile is the file of -modfile.
func (r *recorder) modfile() string {
	file, _ := r.tc.flag("modfile")
	for _, f := range r.cfg.BuildFlags {
		if value, ok := strings.CutPrefix(f, "-modfile="); ok {
			file = value
		}
	}
	if file == "" {
		return ""
	}
	return absolute(r.cfg.Dir, file)
}

// A moduleFile is the part of go mod edit -json that is needed here.
type moduleFile struct {
	Use     []struct{ DiskPath string }
	Replace []struct {
		New struct{ Path, Version string }
	}
}

// folders returns the folders that a file in dir names.
func (m *moduleFile) folders(dir string) []string {
	var list []string
	for _, use := range m.Use {
		list = append(list, absolute(dir, use.DiskPath))
	}
	for _, replace := range m.Replace {
		if replace.New.Version == "" {
			list = append(list, absolute(dir, replace.New.Path))
		}
	}
	return list
}

// edit has the go command read a go.mod or go.work file.
func (r *recorder) edit(what, file string) *moduleFile {
	m := &moduleFile{}
	out, err := goOutput(r.tc, r.cfg.Dir, what, "edit", "-json", file)
	if err != nil || json.Unmarshal(out, m) != nil {
		r.moving = true
	}
	return m
}
