package rewrite

import (
	"bytes"
	"errors"
	"fmt"
	"go/format"
	"go/scanner"
	"go/token"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/rewrite/revert"
)

// A file that was formatted is formatted in a tree, too. gofmt then puts some insertions on lines of their own, and
// breaks lines that have become long. A directive at the beginning of a line, which gofmt leaves in place, gives the
// original text after it its line number, and an inserted line the one that its rule gives it:
//
//	case v := <-_at.CaseRecv(&_atS1a2b3c4d[0], 0, a):
//		_at.Chose(&_atS1a2b3c4d[0], 0)
//	//line :12:1
//		use(v)
//
// Column 2 means that the line after it was no line of its own (JoinColumn).

// A place is the origin of a token.
type place struct {
	line     int  // in the original; 0 if any will do
	first    bool // it was the first token of its line
	inserted bool
}

// places returns the place of each token of a spliced text.
func (s *spliced) places(original []byte, list []revert.Lexeme) []place {
	old, _ := revert.Lex(original)
	byOffset := make(map[int]place, len(old))
	line, done, lastLine := 1, 0, 0
	for _, l := range old {
		line += bytes.Count(original[done:l.Off], []byte("\n"))
		done = l.Off
		byOffset[l.Off] = place{line: line, first: line != lastLine}
		lastLine = line + strings.Count(l.Text, "\n")
	}
	made := make([]place, len(list))
	k := 0
	for i, l := range list {
		for k < len(s.kept) && s.kept[k].End <= l.Off {
			k++
		}
		if k < len(s.kept) && s.kept[k].Off <= l.Off && l.End <= s.kept[k].End {
			made[i] = byOffset[s.kept[k].Was+l.Off-s.kept[k].Off]
		} else {
			made[i] = place{line: s.lines[l.Off], inserted: true}
		}
	}
	return made
}

// errLayout is the error for a file that cannot be formatted without losing a line.
var errLayout = errors.New("formatting would change the positions of the original")

// layout formats a spliced text with its section, and restores the line numbers of the original text.
func (s *spliced) layout(original, section []byte) ([]byte, error) {
	if hasDirectives(original) {
		return nil, errLayout
	}
	text := append(slices.Clip(s.text), section...)
	list, _ := revert.Lex(text)
	places := s.places(original, list)
	// gofmt would move a directive in the package's doc comment.
	text = bytes.Replace(text, []byte(revert.VersionLines), []byte(revert.VersionMark+"\n\n"), 1)
	text, err := format.Source(text)
	if err != nil {
		return nil, err
	}
	// A directive can make gofmt move a comment, and thereby a line.
	const rounds = 3
	for range rounds {
		directed, err := direct(text, list, places)
		if err != nil {
			return nil, err
		}
		formatted, err := format.Source(directed)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(formatted, text) {
			return text, nil
		}
		text = formatted
	}
	return nil, errLayout
}

// direct inserts directives before the lines of a formatted text whose numbers would differ from the original. The text
// has the tokens of list.
func direct(text []byte, list []revert.Lexeme, places []place) ([]byte, error) {
	is, _ := revert.Lex(text)
	if len(is) != len(list) {
		return nil, errLayout
	}
	logical := logicalLines(text)
	d := director{text: text, base: 1}
	for i, l := range is[:len(is)-1] {
		if l.Text != list[i].Text {
			return nil, errLayout
		}
		if places[i].line == 0 || i < packageClause || places[i].inserted && !d.inserted(is[i:], places[i:]) {
			continue
		}
		d.token(logical[l.Off], l.Off, places[i])
		if d.err != nil {
			return nil, d.err
		}
	}
	return append(d.out, text[d.done:]...), nil
}

// packageClause is the number of tokens of a package clause, in which no position matters.
const packageClause = 2

// logicalLines returns the line of each token of a text, by offset, as the compiler counts it.
func logicalLines(text []byte) map[int]int {
	f := token.NewFileSet().AddFile("x.go", -1, len(text))
	var s scanner.Scanner
	s.Init(f, text, nil, scanner.ScanComments) // comments, because directives are among them
	lines := map[int]int{}
	for {
		pos, tok, _ := s.Scan()
		if tok == token.EOF {
			return lines
		}
		if tok != token.COMMENT {
			lines[f.Offset(pos)] = f.PositionFor(pos, true).Line
		}
	}
}

// A director inserts directives into a text.
type director struct {
	text  []byte
	out   []byte
	done  int // text[:done] is in out
	shift int // the change of the last added directive to the numbers of the lines after it
	// base is the logical line minus the physical line, in text. It changes after a directive that text has itself.
	base int
	last int // the start of the line of the previous token
	err  error

	line, counted int // line is the number of newlines in text[:counted]
}

// token handles a token of the original at off, which has the number line in text.
func (d *director) token(line, off int, want place) {
	start := revert.LineStart(d.text, off)
	first := start != d.last || start == 0
	d.last = start
	d.line += bytes.Count(d.text[d.counted:off], []byte("\n"))
	d.counted = off
	if base := line - d.line; base != d.base {
		d.base, d.shift = base, 0
	}
	if line+d.shift == want.line {
		return
	}
	if !first || start < d.done {
		d.err = errLayout
		return
	}
	d.shift = want.line - line
	column, at := revert.JoinColumn, want.line
	if want.first {
		column = revert.OwnColumn
		start, at = d.above(start, at)
	}
	d.out = append(d.out, d.text[d.done:start]...)
	d.out = fmt.Appendf(d.out, "//line :%d:%d\n", at, column)
	d.done = start
}

// inserted reports whether the line of the first token of list has only inserted tokens: none before was handled, and
// none follows.
func (d *director) inserted(list []revert.Lexeme, places []place) bool {
	start := revert.LineStart(d.text, list[0].Off)
	for i, l := range list {
		if revert.LineStart(d.text, l.Off) != start {
			break
		}
		if !places[i].inserted {
			return false
		}
	}
	return start != d.last
}

// above returns where a directive for the line at start goes, and its line: before the comments and empty lines that
// belong to the line.
func (d *director) above(start, line int) (int, int) {
	for start > d.done && line > 1 {
		before := revert.LineStart(d.text, start-1)
		text := strings.TrimSpace(string(d.text[before:start]))
		if _, ours := revert.OwnLine(text); ours || text != "" && !strings.HasPrefix(text, "//") {
			break
		}
		start, line = before, line-1
	}
	return start, line
}

// formatted reports whether text is as gofmt writes it.
func formatted(text []byte) bool {
	out, err := format.Source(text)
	return err == nil && bytes.Equal(out, text)
}

// hasDirectives reports whether text has compiler directives that change positions.
func hasDirectives(text []byte) bool {
	_, comments := revert.Lex(text)
	return slices.ContainsFunc(comments, func(c revert.Comment) bool {
		return strings.HasPrefix(c.Text, "/*line ") ||
			strings.HasPrefix(c.Text, "//line ") && c.Off == revert.LineStart(text, c.Off)
	})
}
