package gocmd

import (
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	collector "github.com/awaittrace/awaittrace/runtime"
)

// CollectorPath is the import path that the collector has in a program.
const CollectorPath = collector.Path

// useLink makes tc name its GOROOT by a symbolic link outside the module cache, because the go command refuses an
// overlay for a path that begins with GOMODCACHE, where downloaded toolchains are.
func (tc *Toolchain) useLink(cache *Cache) error {
	link, err := cache.link("goroot", tc.Version+"-"+linkName(tc.GOROOT), tc.GOROOT)
	if err != nil {
		return err
	}
	tc.GOROOT, tc.linked = link, true
	tc.Go = filepath.Join(link, "bin", "go")
	if runtime.GOOS == "windows" {
		tc.Go += ".exe"
	}
	// The toolchain is chosen already; local prevents another switch. PATH is for programs that call go in turn.
	tc.Env = append(slices.Clone(tc.Env), "GOROOT="+link, "GOTOOLCHAIN=local",
		"PATH="+filepath.Join(link, "bin")+string(filepath.ListSeparator)+lastValue(tc.Env, "PATH"))
	return nil
}

// lastValue returns the value of a variable in env, where the last setting counts.
func lastValue(env []string, name string) (value string) {
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, name+"="); ok {
			value = v
		}
	}
	return value
}

// within reports whether path is dir or below it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return dir != "" && err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
