package rewrite

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/awaittrace/awaittrace/rewrite/load"
)

// TestDepsStarts checks which go statements tell the collector: those of a dependency do, but not those of a main
// module, which are the user's own, nor those of a tree.
func TestDepsStarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(`
-- go.mod --
module m

go 1.26

require example.com/dep v1.0.0

replace example.com/dep => ./dep
-- main.go --
package main

import "example.com/dep"

func main() {
	go main()
	dep.New()
}
-- dep/go.mod --
module example.com/dep

go 1.26
-- dep/dep.go --
package dep

func New() {
	c := make(chan int, 1)
again:
	go func() { c <- 1 }()
	if cap(c) > 1 {
		goto again
	}
}
`)).Files {
		write(t, filepath.Join(dir, f.Name), f.Data)
	}
	for revertible, want := range map[bool]int{false: 1, true: 0} {
		_, r := mustInstrument(t, Config{Config: load.Config{Dir: dir, Env: offline(), Deps: []string{load.AllDeps}},
			Revertible: revertible})
		for _, f := range r.Files {
			n := strings.Count(string(f.Text), ".Starts(&")
			if in := strings.HasPrefix(f.Name, filepath.Join(dir, "dep")); in && n != want || !in && n != 0 {
				t.Errorf("%s, revertible %v: %d go statements told of:\n%s", f.Name, revertible, n, f.Text)
			}
		}
		if r.Sites["go"] != want {
			t.Errorf("revertible %v: probes: %v", revertible, r.Sites)
		}
	}
}
