package load

import (
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// keeping is a cache in memory.
type keeping struct{ sync.Map }

func (k *keeping) Get(key [32]byte) ([]byte, bool) {
	data, ok := k.Load(key)
	if !ok {
		return nil, false
	}
	return data.([]byte), true
}

func (k *keeping) Put(key [32]byte, data []byte) { k.Store(key, data) }

const againModule = `
-- go.mod --
module m

go 1.21
-- main.go --
package main

import (
	"net/http"

	"m/lib"
	. "m/dot"
)

func main() { lib.F(http.DefaultClient, Dot{}) }
-- other/other.go --
package other

func F() {}
-- dot/dot.go --
package dot

import "m/versions/v2"

type Dot struct{ versions.Version } // of the last line
-- versions/v2/v.go --
package versions

import (
	_ "m/other"
	"os"
	named "strings"
)

type Version struct{ In named.Builder }

func (Version) Print() { os.Exit(1) }
-- lib/lib.go --
//go:build go1.23

// Package lib is for a test.
package lib // lib

import (
	"fmt"
	"m/dot"
	"net/http"
	"time"

	"m/other"
)

// C has comments.
const C = /* in
lines */ 1 + iota // one

// List counts.
var List = [...]string{"a", "b", C + 1: "c", 7: "d"} // four
var Short = [...]int{ // two
	1,
	2,
}

var (
	table = map[string]func() int{
		// one
		"a": func() int { return /* } */ 1 },
	}
	Value       = func() time.Duration { return time.Second }()
	Kept, other2 = []struct{ A, B int }{{1, 2}}, len(table)
)

/* F does. */ func F(c *http.Client, d dot.Dot) (n int) { // } not yet
	other.F()
	fmt.Println("}")
	return
} // after

func G[T interface{ ~int | ~string }](list ...T) (_ T) { return }

type T[K comparable] struct {
	// A field.
	M map[K]*T[K] ` + "`tag:\"}\"`" + ` // with a tag
	embedded
}

type embedded = struct{ a int }

func (t *T[K]) Method(K) struct{} { return struct{}{} }
-- lib/crlf.go --
package lib` +
	"\r\n\r\n// crlf\r\n// lines\r\nvar CRLF = []int{ // one\r\n\t1,\r\n}\r\n\r\nfunc crlf() {\r\n\t// end\r\n}" + `
-- lib/later.go --
//go:build go1.24

package lib

type Alias[T any] = []T // not in the language of the module
`

// TestKept checks that packages have the same types if only their declarations come from the cache.
func TestKept(t *testing.T) {
	if testing.Short() {
		t.Skip("checks a part of the standard library from source")
	}
	t.Parallel()
	cfg := Config{Dir: module(t, againModule), Env: offline(), Patterns: []string{"./..."}, Deps: []string{"std"},
		Cache: &keeping{}}
	first := mustTakePackages(t, cfg)
	cfg.Listing, cfg.Edited = first.Inputs().Listing, map[string]bool{}
	again := mustTakePackages(t, cfg, "")
	want := described(t, first.graph)
	for id, got := range described(t, again.graph) {
		if got != want[id] {
			t.Errorf("%s: from the cache\n%s\nwant\n%s", id, got, want[id])
		}
	}
	if again.Inputs().Listing != cfg.Listing {
		t.Error("another listing")
	}
	for name := range again.Inputs().Texts { // net has files of cgo
		if strings.HasPrefix(name, cfg.Dir) {
			t.Errorf("read %s", name)
		}
	}
	if len(want) < 40 || !strings.Contains(want["m/lib"], "var m/lib.List [8]string") {
		t.Errorf("%d packages, m/lib:\n%s", len(want), want["m/lib"])
	}
}

// TestEdited checks which packages are taken again after an edit, and that a change of declarations reaches all that
// see them.
func TestEdited(t *testing.T) {
	t.Parallel()
	dir := module(t, againModule)
	cfg := Config{Dir: dir, Env: offline(), Patterns: []string{"./..."}, Cache: &keeping{}}
	first := mustTakePackages(t, cfg, "m m/dot m/lib m/other m/versions/v2")
	cfg.Listing = first.Inputs().Listing
	for _, test := range []struct{ name, was, is, want string }{
		{"lib/lib.go", "\"}\"", "\"{\"", "m/lib"},
		{"versions/v2/v.go", "Exit(1)", "Exit(2)", "m/versions/v2"},
		{"versions/v2/v.go", "Print()", "Printed()", "m m/dot m/lib m/versions/v2"},
		{"other/other.go", "{}", "{ F() }", "m/other"},
		{"other/other.go", "{}", "{}\n\nvar V = 1", "m m/dot m/lib m/other m/versions/v2"},
		{"main.go", "Dot{}", "(Dot{})", "m"},
	} {
		name := filepath.Join(dir, test.name)
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		was := string(text)
		write(t, name, strings.Replace(was, test.was, test.is, 1))
		cfg.Edited = map[string]bool{name: true}
		b := mustTakePackages(t, cfg, test.want)
		bodies := !strings.Contains(test.want, "m ")
		if same := b.Inputs().Listing == cfg.Listing; same != bodies {
			t.Errorf("%s: %q becomes %q: same listing %t, want %t", test.name, test.was, test.is, same, bodies)
		}
		write(t, name, was)
	}
}

// mustTakePackages fails unless the packages of Each have the paths of want, if that is given.
func mustTakePackages(t *testing.T, cfg Config, want ...string) *Build {
	t.Helper()
	b, err := List(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var lock sync.Mutex
	var paths []string
	err = b.Each(func(p *Package) error {
		lock.Lock()
		paths = append(paths, p.Trim)
		lock.Unlock()
		return p.Check(p.Files)
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(paths)
	if got := strings.Join(paths, " "); want != nil && got != want[0] {
		t.Errorf("took %s, want %s", got, want[0])
	}
	return b
}

// described describes the declarations of all packages, by their IDs.
func described(t *testing.T, g *graph) map[string]string {
	all := map[string]string{}
	if err := g.read(); err != nil {
		t.Fatal(err)
	}
	for p, n := range g.nodes {
		checked := n.declared()
		var b strings.Builder
		for _, name := range checked.Scope().Names() {
			obj := checked.Scope().Lookup(name)
			fmt.Fprintln(&b, types.ObjectString(obj, nil))
			if named, ok := obj.Type().(*types.Named); ok {
				for i := range named.NumMethods() {
					fmt.Fprintln(&b, "\t", types.ObjectString(named.Method(i), nil))
				}
			}
		}
		all[p.ID] = b.String()
	}
	if err := g.b.errors(); err != nil {
		t.Error(err)
	}
	return all
}
