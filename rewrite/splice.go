package rewrite

import (
	"bytes"
	"cmp"
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strconv"

	"github.com/awaittrace/awaittrace/rewrite/revert"
)

// An edit replaces the bytes from off to end of the original text.
type edit struct {
	off, end int
	class    class
	text     string
	seq      int // order of recording
	part     int // index of its part, or noPart
}

// noPart marks an edit that Revert recognises by itself: the import, and the sites.
const noPart = -1

// A class orders the edits at the same offset.
type class int

const (
	closing   class = iota // ends there: the inner one, recorded later, first
	opening                // begins there: the outer one, recorded earlier, first
	replacing              // replaces a token of the original
	bare                   // in a comment, or lines of comments: no directive or piece belongs to it
)

// edits are the edits of a file, in the order of recording.
type edits struct {
	list  []edit
	parts []revert.Part
}

func (e *edits) add(off, end int, class class, text string) {
	e.list = append(e.list, edit{off, end, class, text, len(e.list), len(e.parts) - 1})
}

// begin begins a part: the following edits are taken out together, or not at all. The insertions of one probe that an
// edit of the source may separate are several parts of one site.
func (e *edits) begin(site int) { e.parts = append(e.parts, revert.Part{Site: site}) }

// open inserts text before what begins at pos.
func (f *file) open(pos token.Pos, text string) {
	f.add(f.Tok.Offset(pos), f.Tok.Offset(pos), opening, text)
}

// close inserts text after what ends at pos.
func (f *file) close(pos token.Pos, text string) {
	f.add(f.Tok.Offset(pos), f.Tok.Offset(pos), closing, text)
}

// replace replaces one or more tokens by head and tail. The newlines between the tokens stay, between head and tail.
func (f *file) replace(pos, end token.Pos, head, tail string) {
	off, last := f.Tok.Offset(pos), f.Tok.Offset(end)
	was := f.Text[off:last]
	if i := bytes.LastIndexByte(was, '\n'); i >= 0 {
		indent := was[i+1 : len(was)-len(bytes.TrimLeft(was[i+1:], " \t"))]
		head += string(bytes.Repeat([]byte("\n"), bytes.Count(was, []byte("\n")))) + string(indent)
	}
	f.add(off, last, replacing, head+tail)
}

// at returns a directive that gives the text after it the position of pos.
func (f *file) at(pos token.Pos) string {
	p := f.fset.PositionFor(pos, true)
	// The column is 0 below a //line directive without one. With none here, the compiler would forget the file name.
	if p.Column == 0 {
		p.Column = f.fset.PositionFor(pos, false).Column
	}
	return fmt.Sprintf("/*line :%d:%d*/", p.Line, p.Column)
}

// lineDirective matches the directives of file.at.
var lineDirective = regexp.MustCompile(`/\*line :([0-9]+):[0-9]+\*/`)

// onLine returns file.at(call) if text inserted before at would have another line than call, and else "".
func (f *file) onLine(call, at token.Pos) string {
	if f.line(call) == f.line(at) {
		return ""
	}
	return f.at(call)
}

// A spliced is a text with probes.
type spliced struct {
	text  []byte
	kept  []Span      // the original parts of text, in order
	lines map[int]int // the original line of inserted text, by offset, where a rule gives it
}

// A Span is an original part of a text with probes: the text from Off to End begins at Was in the original. All are
// offsets in bytes.
type Span struct{ Off, End, Was int }

// splice applies the edits. Without tree, each group of edits that touch is followed by a directive:
//
//	inserted text/*line :L:C*/
//
// With tree there are no directives: lines has those of the rules, and splice sets the pieces of the parts. An error is
// a fault of a rule: it replaced text that another one has changed.
func (f *file) splice(tree bool) (*spliced, error) {
	f.order()
	out := &spliced{text: make([]byte, 0, len(f.Text)+64*len(f.list)), lines: map[int]int{}}
	done := 0
	for i, e := range f.list {
		if e.off < done {
			return nil, fmt.Errorf("%s: two probes change the same text, the second to %q; please report this, and "+
				"put %s there", f.fset.PositionFor(f.Tok.Pos(e.off), false), e.text, ignoreDirective)
		}
		out.keep(f.Text, done, e.off)
		done = e.end
		text := e.text
		if revert.Glue(out.text, lineDirective.ReplaceAllString(text, "")) {
			text = " " + text
		}
		if tree {
			text = out.undirected(text)
		}
		out.text = append(out.text, text...)
		if e.part != noPart && e.class != bare {
			p := &f.parts[e.part]
			p.Pieces = append(p.Pieces, revert.Piece{Text: text, Was: string(f.Text[e.off:e.end])})
		}
		touches := i+1 < len(f.list) && f.list[i+1].off <= done
		if !tree && !touches && e.class != bare {
			out.text = append(out.text, f.at(f.Tok.Pos(done))...)
		}
	}
	out.keep(f.Text, done, len(f.Text))
	return out, nil
}

// undirected returns the text that is about to be added without its directives, which it notes.
func (s *spliced) undirected(text string) string {
	for {
		m := lineDirective.FindStringSubmatchIndex(text)
		if m == nil {
			return text
		}
		line, _ := strconv.Atoi(text[m[2]:m[3]])
		s.lines[len(s.text)+m[0]] = line
		text = text[:m[0]] + text[m[1]:]
	}
}

func (s *spliced) keep(text []byte, off, end int) {
	s.kept = append(s.kept, Span{len(s.text), len(s.text) + end - off, off})
	s.text = append(s.text, text[off:end]...)
}

// order sorts the edits by the place of their text in the output.
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
