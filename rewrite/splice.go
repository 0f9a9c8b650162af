package rewrite

import (
	"bytes"
	"cmp"
	"fmt"
	"go/token"
	"slices"
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
	bare                   // in a comment, or lines of comments: nothing is put around it
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

// splice applies the edits. Those that touch are one splice, which is delimited so that Revert can undo it:
//
//	/*_at:what was there*/inserted text/*line :L:C*/
//
// An error is a fault of a rule: it replaced what another one has changed.
func (f *file) splice() ([]byte, error) {
	f.order()
	var out bytes.Buffer
	out.Grow(len(f.text) + 64*len(f.list))
	done := 0
	for i := 0; i < len(f.list); {
		first := f.list[i]
		out.Write(f.text[done:first.off])
		done = first.end
		text := first.text
		for i++; i < len(f.list) && f.list[i].off <= done && first.class != bare; i++ {
			e := f.list[i]
			if e.off < done {
				return nil, fmt.Errorf("%s: two probes change the same text, the second to %q; please report this, and put %s there", f.fset.PositionFor(f.tok.Pos(e.off), false), e.text, ignoreDirective)
			}
			text += e.text
			done = e.end
		}
		if first.class != bare {
			text = f.names.marker(string(f.text[first.off:done]), text) + text + f.at(f.tok.Pos(done))
		}
		out.WriteString(text)
	}
	out.Write(f.text[done:])
	return out.Bytes(), nil
}

// order sorts the edits by the place that their text has in the output.
func (f *file) order() {
	slices.SortStableFunc(f.list, func(a, b edit) int {
		if c := cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.class, b.class)); c != 0 {
			return c
		}
		if a.class == closing {
			return cmp.Compare(b.seq, a.seq)
		}
		return cmp.Compare(a.seq, b.seq)
	})
}
