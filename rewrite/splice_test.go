package rewrite

import (
	"go/token"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/rewrite/load"
)

// newEdits returns a file of which only the text matters.
func newEdits(text string) *file {
	fset := token.NewFileSet()
	tok := fset.AddFile("x.go", -1, len(text))
	tok.SetLinesForContent([]byte(text))
	return &file{File: &load.File{Name: "x.go", Text: []byte(text), Tok: tok}, fset: fset, names: "_at"}
}

func (f *file) pos(text string) token.Pos { return f.Tok.Pos(strings.Index(string(f.Text), text)) }

// TestSpliceOrder checks that at one offset the inner closing goes before the outer, and the outer opening before the
// inner.
func TestSpliceOrder(t *testing.T) {
	f := newEdits("a b c\nd\n")
	f.open(f.pos("b"), "outer(")
	f.close(f.pos(" c"), ")outer")
	f.open(f.pos("b"), "inner(")
	f.close(f.pos(" c"), ")inner")
	f.replace(f.pos("b"), f.pos(" c"), "B", "")
	got, err := f.splice(false)
	if want := "a outer(inner(B)inner)outer/*line :1:4*/ c\nd\n"; err != nil || string(got.text) != want {
		t.Errorf("got %q, %v, want %q", got.text, err, want)
	}
}

func TestSpliceDirectives(t *testing.T) {
	for _, test := range []struct{ text, at, insert, want string }{
		{"x := 1\n", "1", "f(", "x := f(/*line :1:6*/1\n"},
		{"x\ny // c\n", " // c", ")", "x\ny)/*line :2:2*/ // c\n"},
		{"x", "x", "", "/*line :1:1*/x"},
		{"x", "x", "/*line :7:7*/f(", "/*line :7:7*/f(/*line :1:1*/x"},
		{"case<-c", "<-", "f(", "case f(/*line :1:5*/<-c"},
	} {
		f := newEdits(test.text)
		f.open(f.pos(test.at), test.insert)
		got, err := f.splice(false)
		if err != nil || string(got.text) != test.want {
			t.Errorf("%q: got %q, %v, want %q", test.text, got.text, err, test.want)
		}
	}
}

func TestSpliceOverlap(t *testing.T) {
	f := newEdits("abc\n")
	f.replace(f.pos("a"), f.pos("c"), "x", "")
	f.replace(f.pos("b"), f.pos("c"), "y", "")
	if got, err := f.splice(false); err == nil || !strings.Contains(err.Error(), "x.go:1:2") {
		t.Errorf("got %v, %v, want an error with the position", got, err)
	}
}
