package load

import (
	"errors"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/runtime"
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

func TestLoadStd(t *testing.T) {
	_, got, err := each(t, Config{Dir: module(t, dependless), Env: offline(), Deps: []string{"context"}})
	if names := strings.Fields(got); err != nil || len(names) != 2 ||
		!strings.HasSuffix(names[0], "/src/context/context.go") {
		t.Errorf("took %s, %v; want main.go and context.go", got, err)
	}
}

func TestLoadStdUnmatched(t *testing.T) {
	dir := module(t, dependless)
	for pattern, want := range map[string]string{
		"sync":          "which the collector itself imports",
		"internal/...s": "which the collector itself imports",
		"net":           "matches no package that this build imports",
	} {
		checkUnmatched(t, Config{Dir: dir, Env: offline(), Deps: []string{pattern}}, want)
	}
	reads := module(t, strings.Replace(dependless, "context", "os", 1))
	checkUnmatched(t, Config{Dir: reads, Env: offline(), Deps: []string{"internal/poll"}}, "net and os wait in")
	for _, pattern := range []string{"context", "std"} {
		checkUnmatched(t, Config{Dir: dir, Env: offline(), Deps: []string{pattern}, RuntimePath: "m/" + runtime.Folder},
			"outside the tree that is written")
	}
}

// A program may import nothing of the standard library that can have probes. "std" is no mistake then.
func TestLoadStdNothing(t *testing.T) {
	for name, source := range map[string]string{
		"no imports":              "func main() { println() }",
		"what the collector uses": "import \"sync\"\n\nfunc main() { new(sync.Mutex).Lock() }",
	} {
		files := "\n-- go.mod --\nmodule m\n\ngo 1.26\n-- main.go --\npackage main\n\n" + source + "\n"
		_, err := List(Config{Dir: module(t, files), Env: offline(), Deps: []string{"std"}})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func checkUnmatched(t *testing.T, cfg Config, want string) {
	t.Helper()
	_, err := List(cfg)
	var unmatched *DepsError
	if !errors.As(err, &unmatched) || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got %v, want a DepsError with %q", cfg.Deps, err, want)
	}
}
