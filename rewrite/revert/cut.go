package revert

import (
	"bytes"
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A cutter collects cuts of a text.
type cutter struct {
	text []byte
	cuts []cut
	done int // the end of the last cut
}

// A cut replaces text[off:end] by was.
type cut struct {
	off, end int
	was      string
}

func (c *cutter) cut(off, end int, was string) {
	c.cuts = append(c.cuts, cut{off, end, was})
	c.done = max(c.done, end)
}

// apply makes the cuts. If two of them overlap, it removes the text of both.
func (c *cutter) apply() []byte {
	slices.SortStableFunc(c.cuts, func(a,
		b cut) int {
		return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(a.end, b.end))
	})
	var out []byte
	done := 0
	add := func(text string) {
		if Glue(out, text) {
			out = append(out, ' ')
		}
		out = append(out, text...)
	}
	for _, cut := range c.cuts {
		if cut.off > done {
			add(string(c.text[done:cut.off]))
		}
		add(cut.was)
		done = max(done, cut.end)
	}
	add(string(c.text[done:]))
	return out
}

// section cuts the section at the end of the file, but keeps what somebody wrote into it.
func (r *reverter) section() {
	t := r.table
	rest := string(r.text[t.begin:t.end])
	for _, cut := range slices.Backward(r.cuts) {
		if cut.off >= t.begin-1 && cut.end <= t.end {
			rest = rest[:max(cut.off-t.begin, 0)] + rest[cut.end-t.begin:]
		}
	}
	for _, c := range t.marks {
		rest = strings.Replace(rest, string(r.text[c.Off:c.End]), "", 1)
	}
	if strings.TrimSpace(rest) != "" {
		for _, c := range t.marks {
			r.cut(LineStart(r.text, c.Off), afterNewline(r.text, c.End), "")
		}
		return
	}
	newline := "\n"
	if r.text[t.end-1] == '\r' { // an editor made all line ends so
		newline = "\r\n"
	}
	added := newline
	if t.noNewline {
		added += newline
	}
	from := t.begin
	if bytes.HasSuffix(r.text[:from], []byte(added)) {
		from -= len(added)
	}
	r.cut(from, afterNewline(r.text, t.end), "")
}

// afterNewline returns the offset after the line end at off, or off if there is none.
func afterNewline(text []byte, off int) int {
	if off < len(text) && text[off] == '\n' {
		off++
	}
	return off
}

// Columns of our directives. They tell what was before the line that follows: the end of a line, or, if a formatter has
// split a line, text.
const (
	OwnColumn  = 1
	JoinColumn = 2
)

var ownDirective = regexp.MustCompile(`^//line :[0-9]+:([0-9]+)\r?$`)

// OwnLine reports whether a line is one of our directives, and returns its column.
func OwnLine(line string) (column int, ok bool) {
	m := ownDirective.FindStringSubmatch(line)
	if m == nil {
		return 0, false
	}
	column, err := strconv.Atoi(m[1])
	return column, err == nil
}

// ownLines cuts the comments on lines of their own: directives of a text that was formatted, and additions because of
// an old language version.
func (r *reverter) ownLines() error {
	for i, c := range r.comments {
		start := LineStart(r.text, c.Off)
		switch {
		case c.Off >= r.table.begin && c.Off < r.table.end:
		case c.Text == VersionMark:
			if i == 0 || !strings.HasPrefix(r.comments[i-1].Text, "//go:build ") {
				return fmt.Errorf("line %d: the line above %s was edited", lineAt(r.text, c.Off), VersionMark)
			}
			end := lineEnd(r.text, min(c.End+1, len(r.text)))
			if line := strings.TrimSpace(string(r.text[c.End:end])); line != "//line :1:1" && line != "" {
				end = c.End
			}
			r.cut(r.comments[i-1].Off, afterNewline(r.text, end), "")
		case strings.HasPrefix(c.Text, WasMark):
			r.cut(c.Off+len("//"), c.Off+len(WasMark), "")
		case r.table.lines && c.Off == start:
			if column, ok := OwnLine(c.Text); ok {
				r.directive(c, column)
			}
		}
	}
	return nil
}

// directive cuts a directive, and the newline before it if that is not the original's.
func (r *reverter) directive(c Comment, column int) {
	end := afterNewline(r.text, c.End)
	before := bytes.TrimRight(r.text[:c.Off], " \t\r\n")
	if column != JoinColumn || r.endsInComment(len(before)) {
		if past := r.pastBlank(c.Off, c.End); past >= end {
			end = past + 1
		}
		r.cut(c.Off, end, "")
		return
	}
	for end < len(r.text) && strings.IndexByte(" \t\r\n", r.text[end]) >= 0 {
		end++
	}
	was := " "
	if i, _ := slices.BinarySearchFunc(r.list, c.Off,
		func(l Lexeme, off int) int { return cmp.Compare(l.Off, off) }); i < len(r.list) && r.list[i].newline {
		was = "; "
	}
	r.cut(len(before), end, was)
}
