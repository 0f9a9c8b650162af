package revert

import (
	"bytes"
	"strings"
)

// inComments takes probes out of code that somebody has put into comments: into a /* */ comment, or into // comments on
// successive lines.
func (r *reverter) inComments() error {
	for i := 0; i < len(r.comments); {
		first := r.comments[i]
		end := first.End
		for i++; i < len(r.comments) && r.continues(end, r.comments[i]); i++ {
			end = r.comments[i].End
		}
		inSection := first.Off >= r.table.begin && first.Off < r.table.end
		if !inSection && strings.Contains(string(r.text[first.Off:end]), r.table.prefix) {
			if err := r.commented(first.Off, end); err != nil {
				return err
			}
		}
	}
	return nil
}

// continues reports whether c is a // comment on the line after one that ends at off.
func (r *reverter) continues(off int, c Comment) bool {
	between := r.text[off:c.Off]
	return strings.HasPrefix(c.Text, "//") && len(bytes.TrimSpace(between)) == 0 &&
		bytes.Count(between, []byte("\n")) == 1
}

// commented takes probes out of comments. It treats the comment marks as space.
func (r *reverter) commented(off, end int) error {
	code := bytes.NewBuffer(nil)
	for line := range bytes.Lines(r.text[off:end]) {
		trimmed := bytes.TrimLeft(line, " \t")
		for _, mark := range []string{"//", "/*"} {
			trimmed = bytes.TrimPrefix(trimmed, []byte(mark))
		}
		code.Write(bytes.Repeat([]byte(" "), len(line)-len(trimmed)))
		code.Write(bytes.Replace(trimmed, []byte("*/"), []byte("  "), 1))
	}
	list, _ := Lex(code.Bytes())
	for i := range list {
		l := &list[i]
		for _, at := range []*int{&l.Off, &l.End, &l.semi, &l.comma} {
			if *at >= 0 {
				*at += off
			}
		}
	}
	inner := &reverter{cutter: cutter{text: r.text}, table: r.table, list: list}
	err := inner.probes()
	for _, c := range inner.cuts {
		r.cuts = append(r.cuts, r.wholeComment(c))
	}
	return err
}

// wholeComment returns c, or the whole line if c leaves only the mark of a comment of it.
func (r *reverter) wholeComment(c cut) cut {
	start, end := LineStart(r.text, c.off), lineEnd(r.text, c.end)
	before, after := bytes.TrimSpace(r.text[start:c.off]), bytes.TrimSpace(r.text[c.end:end])
	if c.was == "" && string(before) == "//" && len(after) == 0 {
		c.off, c.end = start, afterNewline(r.text, end)
	}
	return c
}
