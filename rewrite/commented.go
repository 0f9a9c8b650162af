package rewrite

import (
	"bytes"
	"strings"
)

// inComments takes probes out of code that somebody has put into comments: of a /* */ comment, or of // comments on successive lines.
func (r *reverter) inComments() error {
	for i := 0; i < len(r.comments); {
		first := r.comments[i]
		end := first.end
		for i++; i < len(r.comments) && r.continues(end, r.comments[i]); i++ {
			end = r.comments[i].end
		}
		inSection := first.off >= r.table.begin && first.off < r.table.end
		if !inSection && strings.Contains(string(r.text[first.off:end]), r.table.prefix) {
			if err := r.commented(first.off, end); err != nil {
				return err
			}
		}
	}
	return nil
}

// continues says that c is a // comment on the line after one that ends at off.
func (r *reverter) continues(off int, c comment) bool {
	between := r.text[off:c.off]
	return strings.HasPrefix(c.text, "//") && len(bytes.TrimSpace(between)) == 0 && bytes.Count(between, []byte("\n")) == 1
}

// commented takes probes out of comments. What makes them comments counts as space.
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
	list, _ := lex(code.Bytes())
	for i := range list {
		l := &list[i]
		for _, at := range []*int{&l.off, &l.end, &l.semi, &l.comma} {
			if *at >= 0 {
				*at += off
			}
		}
	}
	inner := &reverter{cutter: cutter{text: r.text}, table: r.table, list: list}
	err := inner.probes()
	r.cuts = append(r.cuts, inner.cuts...)
	return err
}
