package rewrite

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/awaittrace/awaittrace/rewrite/load"
	"github.com/awaittrace/awaittrace/rewrite/revert"
)

// A memory is a Cache that counts what is put into it.
type memory struct {
	lock sync.Mutex
	data map[[32]byte][]byte
	puts int
}

func (m *memory) Get(key [32]byte) ([]byte, bool) {
	m.lock.Lock()
	defer m.lock.Unlock()
	data, ok := m.data[key]
	return data, ok
}

func (m *memory) Put(key [32]byte, data []byte) {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.data[key] = data
	m.puts++
}

// sameFromCache fails unless Instrument, with and without the cache, returns want.
func sameFromCache(t *testing.T, cfg Config, cache *memory, want *Result) {
	t.Helper()
	for _, what := range []string{"at first", "from the cache"} {
		puts := cache.puts
		got, _, err := Instrument(cfg, cache)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		sameResults(t, what, got, want)
		if what == "from the cache" && cache.puts != puts {
			t.Error("what was found is found again")
		}
	}
}

func sameResults(t *testing.T, what string, got, want *Result) {
	t.Helper()
	for i, f := range want.Files {
		if i >= len(got.Files) || got.Files[i].Name != f.Name || string(got.Files[i].Text) != string(f.Text) {
			t.Fatalf("%s: %s differs", what, f.Name)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n%v\nwant\n%v", what, got, want)
	}
}

// TestFoundIsComplete checks that the cache keeps all that a rule can record. A new field of an edit or a site must be
// added in found.go.
func TestFoundIsComplete(t *testing.T) {
	for _, test := range []struct {
		typ  reflect.Type
		want string
	}{
		{reflect.TypeFor[edit](), "off end class text seq part"},
		{reflect.TypeFor[revert.Part](), "Site Pieces"}, // render sets the pieces
		{reflect.TypeFor[site](), "operation fn"},
		// node and asked are for the rules
		{reflect.TypeFor[operation](), "node pos op kind cases flags roles expr obj callee asked"},
	} {
		var names []string
		for i := range test.typ.NumField() {
			names = append(names, test.typ.Field(i).Name)
		}
		if got := strings.Join(names, " "); got != test.want {
			t.Errorf("%v has the fields %s; found.go is about %s", test.typ, got, test.want)
		}
	}
}

var cachedEdits = flag.Int("edits", 6, "how many random edits TestCachedEdits makes")

// TestCachedEdits makes random edits. After each of them, Instrument gives the same with and without the cache.
func TestCachedEdits(t *testing.T) {
	if testing.Short() {
		t.Skip("loads a program often")
	}
	m, cfg := newMutator(t)
	cfg.ProbeFuncs = []string{"strings.ToUpper", "fmt.Printf", "nosuch.F"}
	cache := &memory{data: map[[32]byte][]byte{}}
	broken := 0
	for n := range *cachedEdits {
		what := m.edit(n)
		want, _, err := Instrument(cfg, nil)
		if err != nil {
			if _, _, err := Instrument(cfg, cache); err == nil {
				t.Fatalf("%s: no error", what)
			}
			broken++
			m.undo()
			continue
		}
		got, _, err := Instrument(cfg, cache)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		sameResults(t, what, got, want)
	}
	t.Logf("%d edits, of which %d did not compile", *cachedEdits, broken)
}

// TestPreviousEdits makes random edits. After each of them, Instrument gives the same from the source alone as with the
// result before the edit.
func TestPreviousEdits(t *testing.T) {
	if testing.Short() {
		t.Skip("loads a program often")
	}
	m, cfg := newMutator(t)
	cache := &memory{data: map[[32]byte][]byte{}}
	previous, read, err := Instrument(cfg, cache)
	if err != nil {
		t.Fatal(err)
	}
	taken := 0
	for n := range *cachedEdits {
		what := m.edit(n)
		want, wantRead, err := Instrument(cfg, nil)
		if err != nil {
			m.undo()
			continue
		}
		again := cfg
		if m.sameHead() {
			again.Previous, again.Listing, again.Edited = previous, read.Listing, map[string]bool{m.name: true}
			taken++
		}
		if previous, read, err = Instrument(again, cache); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		sameResults(t, what, previous, want)
		if !reflect.DeepEqual(read.Listing, wantRead.Listing) {
			t.Fatalf("%s: another listing", what)
		}
	}
	t.Logf("%d edits, of which %d took what was known", *cachedEdits, taken)
}

// newMutator copies the corpus, or a program of testdata without one. The packages of cfg are all that is in it.
func newMutator(t *testing.T) (*mutator, Config) {
	from := *corpus
	if from == "" {
		from = "../testdata/torture"
	}
	dir := copyTree(t, from)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	cfg := Config{Config: load.Config{Dir: dir, Patterns: []string{"./..."}, Tests: true}}
	cfg.Env = slices.DeleteFunc(offline(), func(e string) bool { return e == "GOFLAGS=-mod=mod" })
	return &mutator{t: t, dir: dir, rand: rand.New(rand.NewPCG(seed, 0))}, cfg
}

// A mutator edits the files of a module at random.
type mutator struct {
	t    *testing.T
	dir  string
	rand *rand.Rand

	name string // the last edited file
	was  []byte
}

// edit makes one edit, and returns it.
func (m *mutator) edit(n int) string {
	var names []string
	err := filepath.WalkDir(m.dir, func(name string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.HasSuffix(name, ".go") && !strings.Contains(name, "testdata") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.name = names[m.rand.IntN(len(names))]
	if m.was, err = os.ReadFile(m.name); err != nil {
		m.t.Fatal(err)
	}
	text := string(m.was)
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, m.name, text, 0)
	if err != nil {
		m.t.Fatal(err)
	}
	insert := func(pos token.Pos, added string) {
		off := fset.Position(pos).Offset
		text = text[:off] + added + text[off:]
	}
	what := ""
	switch k := m.rand.IntN(8); k {
	case 0, 1, 2: // in a body
		if body := m.body(f); body != nil {
			added := []string{"\n", "{ c := make(chan any, 1); c <- 1; <-c };", "func() { _at := 1; _ = _at }();",
				"_ = func() {};"}
			what = added[m.rand.IntN(len(added))]
			insert(body.Lbrace+1, what)
		}
	case 3: // not in a body
		what = "\n\n"
		insert(f.Name.End(), what)
	case 4: // an initializer with an operation in it
		what = fmt.Sprintf("\nvar added%d = func() chan int { c := make(chan int, 1); c <- 1; return c }()\n", n)
		text += what
	case 5: // another declaration
		what = fmt.Sprintf("\nfunc added%d(c chan int) { <-c }\n\nvar calls%d = added%d\n", n, n, n)
		text += what
	case 6: // another type
		types := []string{"chan int", "chan any", "sync.Mutex", "sync.RWMutex"}
		from, to := types[m.rand.IntN(4)], types[m.rand.IntN(4)]
		what = from + " becomes " + to
		text = strings.Replace(text, from, to, 1)
	case 7: // a directive
		if body := m.body(f); body != nil {
			what = "//awaittrace:ignore"
			insert(body.Lbrace+1, what+"\n")
		}
	}
	write(m.t, m.name, []byte(text))
	return fmt.Sprintf("%s: %q", m.name, what)
}

// body returns a random function body.
func (m *mutator) body(f *ast.File) *ast.BlockStmt {
	var all []*ast.BlockStmt
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			all = append(all, fn.Body)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[m.rand.IntN(len(all))]
}

// sameHead reports whether the go command sees nothing of the last edit.
func (m *mutator) sameHead() bool {
	text, err := os.ReadFile(m.name)
	if err != nil {
		m.t.Fatal(err)
	}
	was, _ := load.Head(m.was)
	is, ok := load.Head(text)
	return ok && was == is
}

func (m *mutator) undo() { write(m.t, m.name, m.was) }
