package rewrite

import (
	"errors"
	"strings"
	"testing"
)

// dependless is a module whose only dependency is the standard library.
const dependless = `
-- go.mod --
module m

go 1.26
-- main.go --
package main

import "context"

func main() { <-context.Background().Done() }
`

// TestLoadStd instruments a package of the standard library, in the only way that does not need go/packages.
func TestLoadStd(t *testing.T) {
	cfg := Config{Dir: module(t, dependless), Env: offline(), Deps: []string{"context"}}
	_, r := mustInstrument(t, cfg)
	var names []string
	for _, f := range r.Files {
		_, name, _ := strings.Cut(f.Name, "/src/context/")
		names = append(names, name)
	}
	if len(names) != 2 || names[0]+names[1] != "context.go" {
		t.Errorf("instrumented %q, want main.go and context.go", names)
	}
	checkStream(t, cfg)
}

func TestLoadStdUnmatched(t *testing.T) {
	dir := module(t, dependless)
	for pattern, want := range map[string]string{
		"sync":          "of which the collector itself is made",
		"internal/...s": "of which the collector itself is made",
		"net":           "matches no package that this build imports",
	} {
		checkUnmatched(t, Config{Dir: dir, Env: offline(), Deps: []string{pattern}}, want)
	}
	checkUnmatched(t, Config{Dir: dir, Env: offline(), Deps: []string{"context"}, RuntimePath: "m/" + CollectorFolder}, "not part of the tree")
}

func checkUnmatched(t *testing.T, cfg Config, want string) {
	t.Helper()
	_, _, err := Instrument(cfg, nil)
	var unmatched *DepsError
	if !errors.As(err, &unmatched) || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got %v, want a DepsError with %q", cfg.Deps, err, want)
	}
}
