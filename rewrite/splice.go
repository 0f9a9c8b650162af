package rewrite

import (
	"bytes"
	"cmp"
	"fmt"
	"go/token"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An edit replaces the bytes from off to end of the original text.
type edit struct {
	off, end int
	class    class
	text     string
	seq      int // order of recording
}

// A class is where an edit goes among those at the same offset.
type class int

const (
	closing   class = iota // what ends there: the inner one, recorded later, first
	opening                // what begins there: the outer one, recorded earlier, first
	replacing              // a token of the original
)

// edits are the edits of a file, in the order of recording.
type edits struct{ list []edit }

func (e *edits) add(off, end int, class class, text string) {
	e.list = append(e.list, edit{off, end, class, text, len(e.list)})
}

// open inserts text before what begins at pos.
func (f *file) open(pos token.Pos, text string) {
	f.add(f.tok.Offset(pos), f.tok.Offset(pos), opening, text)
}

// close inserts text after what ends at pos.
func (f *file) close(pos token.Pos, text string) {
	f.add(f.tok.Offset(pos), f.tok.Offset(pos), closing, text)
}

// replace puts text in place of a token. The token must not contain a newline.
func (f *file) replace(pos, end token.Pos, text string) {
	off, last := f.tok.Offset(pos), f.tok.Offset(end)
	if bytes.IndexByte(f.text[off:last], '\n') >= 0 {
		panic(fmt.Sprintf("replacing more than a line: %q", f.text[off:last]))
	}
	f.add(off, last, replacing, text)
}

// at is a directive that gives what follows it the position of pos.
func (f *file) at(pos token.Pos) string {
	p := f.fset.PositionFor(pos, true)
	if p.Column == 0 { // below a //line directive without a column; with none the compiler would forget the file name
		p.Column = f.fset.PositionFor(pos, false).Column
	}
	return fmt.Sprintf("/*line :%d:%d*/", p.Line, p.Column)
}

// onLine is file.at(call) if text that is inserted before at would get another line than call has, or else nothing.
func (f *file) onLine(call, at token.Pos) string {
	if f.line(call) == f.line(at) {
		return ""
	}
	return f.at(call)
}

// splice applies the edits. An error is a fault of a rule: it replaced what another one has changed.
func (f *file) splice() ([]byte, error) {
	slices.SortStableFunc(f.list, func(a, b edit) int {
		if c := cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.class, b.class)); c != 0 {
			return c
		}
		if a.class == closing {
			return cmp.Compare(b.seq, a.seq)
		}
		return cmp.Compare(a.seq, b.seq)
	})
	var out bytes.Buffer
	out.Grow(len(f.text) + 64*len(f.list))
	done := 0
	for i, e := range f.list {
		if e.off < done {
			return nil, fmt.Errorf("%s: two probes change the same text, the second to %q; please report this, and put %s there", f.fset.PositionFor(f.tok.Pos(e.off), false), e.text, ignoreDirective)
		}
		out.Write(f.text[done:e.off])
		done = e.end
		if joins(out.Bytes(), e.text) { // case<-ch
			out.WriteByte(' ')
		}
		switch last := i+1 == len(f.list) || f.list[i+1].off > done; {
		case !last:
			out.WriteString(e.text)
		case f.restEmpty(done):
			out.WriteString(strings.TrimRight(e.text, " "))
		default:
			out.WriteString(e.text + f.at(f.tok.Pos(done)))
		}
	}
	out.Write(f.text[done:])
	return out.Bytes(), nil
}

// joins says that text would become part of the name or keyword before it.
func joins(before []byte, text string) bool {
	return len(before) > 0 && text != "" && isLetter(rune(before[len(before)-1])) && isLetter(rune(text[0]))
}

func isLetter(c rune) bool {
	return c == '_' || c >= utf8.RuneSelf || unicode.IsLetter(c) || unicode.IsDigit(c)
}

// restEmpty says that nothing which has a position follows on the line: the next line needs no directive, because
// no edit adds or removes a newline.
func (f *file) restEmpty(off int) bool {
	rest := f.text[off:]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	rest = bytes.TrimSpace(rest)
	return len(rest) == 0 || bytes.HasPrefix(rest, []byte("//"))
}
