package gocmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// A Toolchain is a go command and the settings that matter here.
type Toolchain struct {
	// Go is the path of the go command, and Env the environment for it.
	Go  string
	Env []string
	// GOROOT is the tree as this go command names it, Version its version, such as "go1.26.1".
	GOROOT, Version string
	// ModCache is the module cache. GoMod and GoWork are the files of the main module and of the workspace; each is
	// empty if there is none.
	ModCache, GoMod, GoWork string
	// GOFLAGS are the flags of that setting, each as one -name=value.
	GOFLAGS []string
	// Settings are all settings that were read, by name, as go env prints them in the folder.
	Settings map[string]string

	given  int  // length of the original environment, at the beginning of Env
	linked bool // GOROOT is our link, and Go in it
}

// settings are the settings to read: those used here, and those that decide which files and types the go command finds.
// CGO_CFLAGS and its like are left out, because for them the go command runs the C compiler. The manifest has their
// sources: the environment and the file GOENV.
var settings = []string{
	"GOROOT", "GOVERSION", "GOFLAGS", "GOMODCACHE", "GOMOD", "GOWORK", "GOENV", "GOPATH", "GO111MODULE",
	"GOOS", "GOARCH", "GO386", "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64", "GOWASM",
	"GOEXPERIMENT", "GOFIPS140", "CGO_ENABLED", "CC", "CXX",
}

// FindToolchain reads the settings of the go command in env's PATH, in dir, where go.mod may switch to another
// toolchain.
func FindToolchain(dir string, env []string, cache *Cache) (*Toolchain, error) {
	var stderr bytes.Buffer
	cmd := exec.Command("go", append([]string{"env", "-json"}, settings...)...)
	cmd.Dir, cmd.Env, cmd.Stderr = dir, env, &stderr
	out, err := cmd.Output()
	if err != nil {
		if text := strings.TrimSpace(stderr.String()); text != "" {
			return nil, &GoError{text}
		}
		return nil, fmt.Errorf("go env: %v", err)
	}
	var answer map[string]string
	if err := json.Unmarshal(out, &answer); err != nil {
		return nil, fmt.Errorf("go env: %v", err)
	}
	flags, err := splitQuoted(answer["GOFLAGS"])
	if err != nil {
		return nil, fmt.Errorf("GOFLAGS: %v", err)
	}
	tc := &Toolchain{
		Go: cmd.Path, Env: env, GOROOT: answer["GOROOT"], Version: answer["GOVERSION"], GOFLAGS: flags,
		Settings: answer, given: len(env),
		ModCache: answer["GOMODCACHE"], GoMod: answer["GOMOD"], GoWork: answer["GOWORK"],
	}
	if tc.GoMod == os.DevNull {
		tc.GoMod = ""
	}
	if tc.GoWork == "off" {
		tc.GoWork = ""
	}
	if err := tc.checkVersion(); err != nil {
		return nil, err
	}
	if cache != nil && within(tc.GOROOT, tc.ModCache) {
		err = tc.useLink(cache)
	}
	return tc, err
}

// flag returns the value of a flag in GOFLAGS ("true" for a boolean without one), and reports whether it is there.
func (tc *Toolchain) flag(name string) (value string, ok bool) {
	for _, f := range tc.GOFLAGS {
		n, v, hasValue := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(f, "-"), "-"), "=")
		if n != name {
			continue
		}
		if value, ok = v, true; !hasValue {
			value = "true"
		}
	}
	return value, ok
}

// forList gives env, and flags, for the go list that go/packages runs. -modfile goes from the GOFLAGS of env to the
// flags, because go/packages also has the go command run outside of modules, with its flags left out, but not those of
// GOFLAGS, and there the go command refuses -modfile. Flags for coverage are taken out: they have nothing to do with
// types, and go list fails with them. So are -json, which is another flag of go list, and the flags that forNamed
// reports.
func (tc *Toolchain) forList(env []string) (changed, flags []string) {
	var rest []string
	for _, f := range tc.GOFLAGS {
		name, value, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
		switch {
		case name == "modfile":
			flags = append(flags, f)
		case !slices.Contains(coverFlags, name) && name != "json" && !forNamed(name, value):
			rest = append(rest, f)
		}
	}
	changed, ok := tc.withFlags(env, rest)
	if !ok {
		return env, nil
	}
	return changed, flags
}

// withFlags returns env with other GOFLAGS. It is not ok if nothing changes.
func (tc *Toolchain) withFlags(env, flags []string) (changed []string, ok bool) {
	goflags, err := joinQuoted(flags)
	if len(flags) == len(tc.GOFLAGS) || err != nil {
		return env, false
	}
	return append(slices.Clone(env), "GOFLAGS="+goflags), true
}

// quietEnv is tc.Env for a go command whose output we read, without -json in GOFLAGS.
func (tc *Toolchain) quietEnv() []string {
	isJSON := func(f string) bool {
		name, _, _ := strings.Cut(strings.TrimLeft(f, "-"), "=")
		return name == "json"
	}
	env, _ := tc.withFlags(tc.Env, slices.DeleteFunc(slices.Clone(tc.GOFLAGS), isJSON))
	return env
}

// A GoError is an error of the go command, shown unchanged.
type GoError struct{ text string }

func (e *GoError) Error() string { return e.text }

// splitQuoted splits s into words at white space. A word that begins with ' or " ends at the next such character, which
// cannot be escaped: the rules of GOFLAGS and -exec, see cmd/internal/quoted.
func splitQuoted(s string) (words []string, err error) {
	for {
		s = strings.TrimLeft(s, " \t\n\r")
		if s == "" {
			return words, nil
		}
		if quote := s[0]; quote == '\'' || quote == '"' {
			end := strings.IndexByte(s[1:], quote)
			if end < 0 {
				return nil, fmt.Errorf("unterminated %c string", quote)
			}
			words, s = append(words, s[1:end+1]), s[end+2:]
			continue
		}
		end := strings.IndexAny(s, " \t\n\r")
		if end < 0 {
			end = len(s)
		}
		words, s = append(words, s[:end]), s[end:]
	}
}
