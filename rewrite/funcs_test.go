package rewrite

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/rewrite/load"
	"github.com/dave/dst"
)

// TestDeclName compares with the symbols that runtime.FuncForPC returns. Generic methods are made by hand, because they
// do not parse before Go 1.27.
func TestDeclName(t *testing.T) {
	plain := dst.NewIdent("store")
	generic := &dst.IndexExpr{X: dst.NewIdent("gate"), Index: dst.NewIdent("K")}
	pair := &dst.IndexListExpr{X: dst.NewIdent("pair"), Indices: []dst.Expr{dst.NewIdent("K"), dst.NewIdent("V")}}
	for _, c := range []struct {
		recv   dst.Expr
		params bool
		want   string
	}{
		{nil, false, "example.com/shop.Do"},
		{nil, true, "example.com/shop.Do[...]"},
		{plain, false, "example.com/shop.store.Do"},
		{plain, true, "example.com/shop.store.Do[...]"},
		{&dst.StarExpr{X: plain}, true, "example.com/shop.(*store).Do[...]"},
		{&dst.ParenExpr{X: &dst.StarExpr{X: &dst.ParenExpr{X: plain}}}, false, "example.com/shop.(*store).Do"},
		{generic, false, "example.com/shop.gate[...].Do"},
		{&dst.StarExpr{X: generic}, true, "example.com/shop.(*gate[...]).Do[...]"},
		{pair, false, "example.com/shop.pair[...].Do"},
	} {
		d := &dst.FuncDecl{Name: dst.NewIdent("Do"), Type: &dst.FuncType{}}
		if c.recv != nil {
			d.Recv = &dst.FieldList{List: []*dst.Field{{Type: c.recv}}}
		}
		if c.params {
			d.Type.TypeParams = &dst.FieldList{List: []*dst.Field{{Names: []*dst.Ident{dst.NewIdent("T")},
				Type: dst.NewIdent("any")}}}
		}
		f := &file{pkg: &load.Package{Path: "example.com/shop"}}
		if got := f.declName(d); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}

// TestLiteralNames checks that literals in declarations without an operation are counted, too.
func TestLiteralNames(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), []byte("module m\n"))
	write(t, filepath.Join(dir, "p.go"), []byte("package p\n\nvar a = func() {}\n\nvar b = func(c chan int) { <-c }\n"))
	_, r := mustInstrument(t, Config{Config: load.Config{Dir: dir, Env: offline()}})
	if len(r.Files) != 1 || !strings.Contains(string(r.Files[0].Text), `Text: "m.init.func2\n"`) {
		t.Errorf("got %v", r.Files)
	}
}
