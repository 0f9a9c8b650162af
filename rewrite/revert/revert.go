// Package revert takes probes out of source text again. It also defines the format that makes this possible, which
// package rewrite writes: the section at the end of an instrumented file (section.go) and the forms of what was
// inserted (part.go).
//
// It uses tokens alone. It needs no types, no other file, and no text that parses, because people edit an instrumented
// tree, and formatters rewrite it.
package revert

import (
	"bytes"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
)

// Text takes the probes out of a text that rewrite.Instrument wrote for a tree. The text may have been edited and
// formatted since, and need not parse. Everything that Instrument did not insert stays. A text without probes is
// returned unchanged.
//
// Probes are found by their tokens, so spaces, newlines and comments between these do not matter. If the text is
// unchanged, the original comes back byte for byte. A text that was formatted when it was instrumented is formatted
// again; if an editor has made all line ends DOS's, they stay so.
//
// It fails if a probe itself was edited, so that it cannot be taken out as a whole, and if the brackets of the text do
// not match, because then a probe's brackets cannot be told from others. The error begins with the line.
func Text(text []byte) ([]byte, error) {
	if !maybeInstrumented(text) {
		return text, nil
	}
	list, comments := Lex(text)
	t, err := findTable(text, list, comments)
	if t == nil || err != nil {
		return text, err
	}
	r := &reverter{cutter: cutter{text: text}, table: t, list: list, comments: comments}
	if err := r.probes(); err != nil {
		return nil, err
	}
	if err := r.matched(); err != nil {
		return nil, err
	}
	if err := r.inComments(); err != nil {
		return nil, err
	}
	r.section()
	if err := r.ownLines(); err != nil {
		return nil, err
	}
	out := r.apply()
	if err := sound(text, out); err != nil {
		return nil, err
	}
	if t.gofmt {
		if formatted, err := format.Source(out); err == nil {
			if dosLines(text) {
				formatted = bytes.ReplaceAll(formatted, []byte("\n"), []byte("\r\n"))
			}
			out = formatted
		}
	}
	return out, nil
}

// dosLines reports whether all lines of text end as DOS's do, which formatting would change.
func dosLines(text []byte) bool {
	n := bytes.Count(text, []byte("\n"))
	return n > 0 && bytes.Count(text, []byte("\r\n")) == n
}

// sound returns an error if before parses and after does not.
func sound(before, after []byte) error {
	parse := func(text []byte) error {
		_, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
		return err
	}
	err := parse(after)
	if err == nil || parse(before) != nil {
		return nil
	}
	return fmt.Errorf("line %v, once the probes are removed; a probe near there was edited", err)
}

// Instrumented reports whether text has probes that rewrite.Instrument wrote for a tree.
func Instrumented(text []byte) bool {
	if !maybeInstrumented(text) {
		return false
	}
	list, comments := Lex(text)
	t, err := findTable(text, list, comments)
	return t != nil || err != nil
}

// maybeInstrumented reports whether text may have probes. It is quick, and may be wrong in saying yes.
func maybeInstrumented(text []byte) bool {
	return bytes.Contains(text, []byte(sitesMark)) || bytes.Contains(text, []byte(formMark)) ||
		bytes.Contains(text, []byte(runtime.Folder))
}

// A reverter takes the probes out of a text.
type reverter struct {
	cutter
	table    *table
	list     []Lexeme
	comments []Comment
	brackets []string  // those that are open
	odd      int       // 1 + the offset of the first bracket that does not match; 0: all do
	started  []started // parts with pieces still to find, innermost last
}

// A started is a part with pieces still to find.
type started struct {
	rest  []pattern // the pieces still to find
	depth int       // of brackets where the part continues
	at    int       // offset of its first piece
}

// probes cuts all parts, the import and the sites.
func (r *reverter) probes() error {
	for i := 0; i < len(r.list)-1; {
		if err := r.statementEnds(r.list[i]); err != nil {
			return err
		}
		n := r.probe(i)
		for range max(n, 1) {
			if err := r.token(i, n == 0); err != nil {
				return err
			}
			i++
		}
		if last := len(r.started) - 1; last >= 0 && r.started[last].depth == atPiece {
			r.started[last].depth = len(r.brackets)
		}
	}
	if len(r.started) > 0 {
		return r.broken(r.started[len(r.started)-1])
	}
	return nil
}

// matched returns an error if brackets of the file do not match. In prose of a comment they need not.
func (r *reverter) matched() error {
	if r.odd == 0 && len(r.brackets) > 0 {
		r.odd = len(r.text)
	}
	if r.odd == 0 {
		return nil
	}
	return fmt.Errorf("line %d: the brackets in the file do not match; fix them, and revert can remove the probes",
		lineAt(r.text, r.odd-1))
}

// atPiece is the depth of a part whose last piece was just found.
const atPiece = -1 << 30

// probe cuts the insertion that begins with the i-th token, and returns its number of tokens.
func (r *reverter) probe(i int) (tokens int) {
	rest := r.list[i:]
	if last := len(r.started) - 1; last >= 0 {
		s := &r.started[last]
		if s.depth == len(r.brackets) && s.rest[0].matches(rest) {
			p := s.rest[0]
			s.rest, s.depth = s.rest[1:], atPiece
			if len(s.rest) == 0 {
				r.started = r.started[:last]
			}
			r.piece(p, i)
			return len(p.tokens)
		}
	}
	if part := r.table.find(rest); part != nil {
		if len(part) > 1 {
			r.started = append(r.started, started{part[1:], atPiece, rest[0].Off})
		}
		r.piece(part[0], i)
		return len(part[0].tokens)
	}
	if n := r.declaration(rest); n > 0 {
		r.statement(i, i+n, true, false, "")
		return n
	}
	return 0
}

// statementEnds returns an error if a statement ends before l while a bracket is open that a part needs.
func (r *reverter) statementEnds(l Lexeme) error {
	last, part := len(r.brackets)-1, len(r.started)-1
	if last < 0 || part < 0 || r.brackets[last] == "{" || r.brackets[last] == declaring || l.semi < 0 && !l.newline {
		return nil
	}
	return r.broken(r.started[part])
}

// declaring is the opening bracket of a group of declarations: only there do statements end between round brackets.
const declaring = "var ("

// token counts brackets, and checks a token that is not ours. Mismatched brackets between the pieces of a part are an
// error, because other tokens would be taken for the pieces.
func (r *reverter) token(i int, plain bool) error {
	l := r.list[i]
	if plain && l.ident && strings.HasPrefix(l.Text, r.table.prefix) {
		return fmt.Errorf("line %d: %s is what remains of an edited probe; replace it by what the line should say "+
			"without a probe", lineAt(r.text, l.Off), l.Text)
	}
	matches := true
	switch last := len(r.brackets) - 1; l.bracket() {
	case 1:
		opening := l.Text
		if i > 0 && opening == "(" && slices.Contains([]string{"var", "const", "type", "import"}, r.list[i-1].Text) {
			opening = declaring
		}
		r.brackets = append(r.brackets, opening)
	case -1:
		if last >= 0 {
			matches = closingBracket(r.brackets[last]) == l.Text
			r.brackets = r.brackets[:last]
		}
		if r.odd == 0 && (last < 0 || !matches) {
			r.odd = 1 + l.Off
		}
	}
	if last := len(r.started) - 1; last >= 0 && (!matches || plain && len(r.brackets) < r.started[last].depth) {
		return r.broken(r.started[last])
	}
	return nil
}

func (r *reverter) broken(s started) error {
	return fmt.Errorf("line %d: the probe that begins there was edited: %q is missing; replace it by what the line "+
		"should say without a probe",
		lineAt(r.text, s.at), strings.TrimSpace(s.rest[0].Text))
}

// declaration returns the number of tokens if list begins with the import of the collector, the sites, or, in the
// section, a declaration kept there. Otherwise it returns 0.
func (r *reverter) declaration(list []Lexeme) int {
	at := func(i int) string {
		if i < len(list) {
			return list[i].Text
		}
		return ""
	}
	quoted := func(s string) bool { return strings.HasPrefix(s, `"`) || strings.HasPrefix(s, "`") }
	switch {
	case at(0) == "import" && at(1) == r.table.prefix && quoted(at(2)):
		return 3
	case at(0) == r.table.prefix && quoted(at(1)): // in a group of imports
		return 2
	case at(0) == "var" && strings.HasPrefix(at(1), r.table.prefix+"S") && at(2) == "=":
		return closed(list)
	}
	if list[0].Off > r.table.begin && list[0].Off < r.table.end {
		for _, decl := range r.table.keep {
			if p := newPattern(Piece{decl, ""}); p.matches(list) {
				return len(p.tokens)
			}
		}
	}
	return 0
}

// closed returns the number of tokens up to the brace that closes the first one, or 0.
func closed(list []Lexeme) int {
	depth := 0
	for i, l := range list {
		depth += l.bracket()
		if depth == 0 && l.Text == "}" {
			return i + 1
		}
	}
	return 0
}

// piece cuts a piece, which begins with the i-th token, and restores what it replaced.
func (r *reverter) piece(p pattern, i int) {
	if from := r.list[i].Off - p.lead; from >= r.done && bytes.HasPrefix(r.text[from:], []byte(p.Text)) {
		r.cut(from, from+len(p.Text), p.Was)
		return
	}
	text := strings.TrimSpace(p.Text)
	if comma := r.list[i].comma; comma >= r.done && strings.HasPrefix(text, ",") {
		to := r.list[i+len(p.tokens)-1].End
		r.cut(comma, to, p.Was+r.commentsIn(comma, to))
		return
	}
	r.statement(i, i+len(p.tokens), strings.HasPrefix(text, ";"), strings.HasSuffix(text, ";"), p.Was)
}

// statement replaces the tokens from i to j by was. With before or after they are a statement, and it also cuts the
// semicolon before or after it, or the line if a newline serves as the semicolon.
func (r *reverter) statement(i, j int, before, after bool, was string) {
	from, to := r.list[i].Off, r.list[j-1].End
	switch {
	case after && r.list[j].semi >= 0:
		to = r.list[j].semi + 1
		to += len(r.text[to:]) - len(bytes.TrimLeft(r.text[to:], " "))
	case before && r.list[i].semi >= r.done:
		from = r.list[i].semi
	case before || after:
		if above := r.joinable(from, to); above != from {
			from, to = above, r.pastBlank(LineStart(r.text, r.list[i].Off), to)
		}
	}
	r.cut(from, to, was+r.commentsIn(from, to))
}

// commentsIn returns the comments in a part of the text, other than our directives: somebody wrote them into a piece,
// or a formatter moved them there.
func (r *reverter) commentsIn(from, to int) string {
	var b strings.Builder
	for _, c := range r.comments {
		if _, own := OwnLine(c.Text); c.Off < from || c.End > to || own {
			continue
		}
		b.WriteString(" " + c.Text)
		if strings.HasPrefix(c.Text, "//") {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// joinable returns the offset of the end of the line before, if the text to cut begins its line and what follows it can
// stand there, or else from.
func (r *reverter) joinable(from, to int) int {
	start := LineStart(r.text, from)
	if len(bytes.TrimSpace(r.text[start:from])) > 0 {
		return from
	}
	for start > 0 {
		above := LineStart(r.text, start-1)
		if _, ok := OwnLine(string(r.text[above : start-1])); !ok {
			break
		}
		start = above
	}
	blank := len(bytes.TrimSpace(r.text[to:lineEnd(r.text, to)])) == 0
	if start == 0 {
		return from
	}
	if !blank { // a comment, which gofmt has moved along
		start = len(bytes.TrimRight(r.text[:start], " \t\r\n"))
		if r.endsInComment(start) {
			return from
		}
		return start
	}
	if start--; start > 0 && r.text[start-1] == '\r' {
		start--
	}
	return start
}

// pastBlank returns the end of the empty line after to, if the lines from start to to are between two empty lines, or
// else to.
func (r *reverter) pastBlank(start, to int) int {
	next := afterNewline(r.text, lineEnd(r.text, to))
	end := afterNewline(r.text, lineEnd(r.text, next))
	blank := func(from, to int) bool { return from < to && len(bytes.TrimSpace(r.text[from:to])) == 0 }
	if start == 0 || !blank(LineStart(r.text, start-1), start) || !blank(next, end) || !blank(to, next) {
		return to
	}
	return end - 1
}

// endsInComment reports whether off is the end of a // comment.
func (r *reverter) endsInComment(off int) bool {
	for _, c := range r.comments {
		if c.Off < off && off <= c.End && strings.HasPrefix(c.Text, "//") {
			return true
		}
	}
	return false
}
