package census

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Each operation in the source is followed by a comment with its name.
const source = `package p

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"time"
)

type locked struct {
	sync.RWMutex
	io.Reader
}

type pipe interface{ Write([]byte) (int, error) }

func f[C ~chan int, L sync.Locker](ch C, l L, lk *locked, p pipe, buf *bytes.Buffer) {
	ch <- 1            // send
	<-ch               // recv
	for range ch {     // range
	}
	for range 3 {
	}
	c := make(chan C, 1) // make
	_ = make([]int, 1)
	close(c)           // close
	select {           // select2
	case v := <-ch:
		ch <- v    // send
	case ch <- <-ch:   // recv
	default:
	}
	l.Lock()           // lock
	defer l.Unlock()   // unlock
	lk.RLock()         // rlock
	g := lk.RUnlock    // runlock
	g()
	_ = (*locked).Lock // lock
	lk.Read(nil)       // io
	p.Write(nil)       // io
	buf.Write(nil)
	fmt.Fprint(buf, 1)
	fmt.Fprint(p, 1)   // io
	h := io.ReadAll    // io
	h(buf)
	time.Sleep(1)      // sleep
	close := func(C) {}
	close(ch)
	var own own
	own.Lock()
}

type own struct{}

func (own) Lock() {}
`

func TestOf(t *testing.T) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "p.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	pkg, err := (&types.Config{Importer: importer.Default()}).Check("p", fset, []*ast.File{file}, info)
	if err != nil {
		t.Fatal(err)
	}
	catalog := &Catalog{
		Rows:  map[string]bool{"io.Reader.Read": false, "fmt.Fprint": false, "io.ReadAll": false},
		Alike: map[string]bool{"Write([]byte) (int, error)": true},
		Quiet: map[string]bool{"bytes.Buffer": true},
	}
	var got, want []string
	for _, o := range Of(fset, file, pkg, info, catalog) {
		name := o.Op
		if o.Cases > 0 {
			name += fmt.Sprint(o.Cases)
		}
		got = append(got, fmt.Sprintf("%d %s", o.Pos.Line, name))
	}
	comment := regexp.MustCompile(`// (\w+)$`)
	for i, line := range strings.Split(source, "\n") {
		if m := comment.FindStringSubmatch(line); m != nil {
			want = append(want, fmt.Sprintf("%d %s", i+1, m[1]))
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}
