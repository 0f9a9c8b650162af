package gocmd

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"

	"github.com/awaittrace/awaittrace/rewrite"
	"github.com/awaittrace/awaittrace/rewrite/load"
)

// openModCache lets o replace files of the module cache, which the go command refuses for every path that begins with
// GOMODCACHE (BuildInit in cmd/go/internal/work/init.go). For the build, GOMODCACHE becomes a symbolic link to the
// module cache, and replace lines take the modules of the build from their own folders:
//
//	replace golang.org/x/sync v0.24.0 => /home/you/go/pkg/mod/golang.org/x/sync@v0.24.0
//
// So nothing is copied, and every file, of Go, C or assembly, with probes or without, keeps its path. All modules are
// replaced, not only those with probes, because the paths of the others would begin with the link. The lines go into
// go.mod (or the file of -modfile, or go.work), which the overlay replaces. The module graph stays the same: each
// folder holds the module that it replaces.
//
// It returns the replaced modules: none if no file of the result is in the module cache, as with a vendor folder.
func (o Overlay) openModCache(inv *Invocation, tc *Toolchain, result *rewrite.Result, cache *Cache) ([]load.Module,
	error) {
	cached := func(f rewrite.File) bool { return within(f.Name, tc.ModCache) }
	if result == nil || !slices.ContainsFunc(result.Files, cached) {
		return nil, nil
	}
	if err := inv.download(tc, result.Modules); err != nil {
		return nil, err
	}
	link, err := cache.link("modcache", linkName(tc.ModCache), tc.ModCache)
	if err != nil {
		return nil, err
	}
	var replace []load.Module
	for _, m := range result.Modules {
		if m.Version != "" && within(m.Dir, tc.ModCache) {
			replace = append(replace, m)
		}
	}
	if len(replace) > 0 { // none: the main module itself is in the module cache
		if err := o.replaceModules(inv.moduleFile(tc), tc, replace, cache); err != nil {
			return nil, err
		}
	}
	tc.Env = append(slices.Clone(tc.Env), "GOMODCACHE="+link)
	return replace, nil
}

// download has the go command fill the module cache again if it was emptied since the result was made.
func (inv *Invocation) download(tc *Toolchain, modules []load.Module) error {
	gone := func(m load.Module) bool {
		_, err := os.Stat(m.Dir)
		return m.Dir != "" && err != nil
	}
	if !slices.ContainsFunc(modules, gone) {
		return nil
	}
	args := []string{"mod", "download"}
	if name := inv.Value("modfile"); name != "" {
		args = append(args, "-modfile="+name)
	}
	_, err := goOutput(tc, inv.Dir, args...)
	return err
}

// replaceModules replaces the go.mod or go.work at path by one that takes modules from their folders.
func (o Overlay) replaceModules(path string, tc *Toolchain, modules []load.Module, cache *Cache) error {
	was := path
	if to := o[path]; to != "" {
		was = to
	}
	var list []Replace
	for _, m := range modules {
		list = append(list, Replace{Path: m.Path, Version: m.Version, Dir: m.Dir})
		if err := o.addGoMod(m, cache); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(was)
	if err != nil {
		return err
	}
	if text, err = replaced(text, path == tc.GoWork, list, tc, cache); err != nil {
		return err
	}
	o[path], err = cache.Put(text, filepath.Ext(path))
	return err
}

// replaced returns text, a go.mod or, with work, a go.work file, with the replacements of list. Most builds find it in
// the cache.
func replaced(text []byte, work bool, list []Replace, tc *Toolchain, cache *Cache) ([]byte, error) {
	inputs, err := json.Marshal([]any{programs(tc), work, list, text})
	if err != nil {
		return nil, err
	}
	key := sha256.Sum256(inputs)
	if known, ok := cache.load(edits, key); ok {
		return known, nil
	}
	tmp, err := os.MkdirTemp("", "awaittrace-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	edited := filepath.Join(tmp, "edited")
	if err := os.WriteFile(edited, text, 0o666); err != nil {
		return nil, err
	}
	run := func(dir string, args ...string) ([]byte, error) { return goOutput(tc, dir, args...) }
	if err := EditModules(edited, work, list, run); err != nil {
		return nil, err
	}
	if text, err = os.ReadFile(edited); err == nil {
		cache.store(edits, key, text)
	}
	return text, err
}

// addGoMod adds a go.mod to a module without one, because a folder that replaces a module must have it. The go command
// assumes the same text.
func (o Overlay) addGoMod(m load.Module, cache *Cache) error {
	name := filepath.Join(m.Dir, "go.mod")
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	stored, err := cache.Put([]byte("module "+m.Path+"\n"), ".mod")
	o[name] = stored
	return err
}

// moduleFile is the file with the module graph's replace lines: that of the workspace, of -modfile, or go.mod.
func (inv *Invocation) moduleFile(tc *Toolchain) string {
	if tc.GoWork != "" {
		return tc.GoWork
	}
	if name := inv.Value("modfile"); name != "" {
		return absolute(inv.Dir, name)
	}
	if name, _ := tc.flag("modfile"); name != "" {
		return absolute(inv.Dir, name)
	}
	return tc.GoMod
}

// linkName returns a name for a link to target.
func linkName(target string) string {
	sum := sha256.Sum256([]byte(target))
	return hex.EncodeToString(sum[:4])
}
