package rewrite

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/scanner"
	"go/token"
	"regexp"
	"strconv"
	"strings"
)

// Revert takes the probes out of a text that Instrument wrote, and that may have been edited since; it need not parse. What was not inserted by
// Instrument stays, byte for byte. A text without probes is returned as it is.
//
// It is an error when a probe was edited itself, so that it cannot be taken out as a whole; the error begins with the line.
func Revert(text []byte) ([]byte, error) {
	comments := scanComments(text)
	prefix := prefixOf(text, comments)
	if prefix == "" {
		return text, nil
	}
	r := &reverter{text: text, prefix: prefix, comments: comments}
	for r.next < len(r.comments) {
		c := r.comments[r.next]
		r.next++
		if err := r.comment(c); err != nil {
			return nil, fmt.Errorf("line %d: %v", lineAt(text, c.off), err)
		}
	}
	r.out.Write(text[r.done:])
	if err := r.leftover(); err != nil {
		return nil, err
	}
	return r.out.Bytes(), sound(text, r.out.Bytes())
}

// sound is an error if before parses and after does not: a formatter has moved comments of ours over the source.
func sound(before, after []byte) error {
	parse := func(text []byte) error {
		_, err := parser.ParseFile(token.NewFileSet(), "", text, parser.SkipObjectResolution)
		return err
	}
	err := parse(after)
	if err == nil || parse(before) != nil {
		return nil
	}
	return fmt.Errorf("line %v; the comments that begin with /*_at have been moved, put them where they belong", err)
}

// Instrumented reports whether text has probes that Instrument wrote.
func Instrumented(text []byte) bool {
	return bytes.Contains(text, []byte("/*_at")) && prefixOf(text, scanComments(text)) != ""
}

// A comment is a comment in a text.
type comment struct {
	off, end int    // in bytes; a // comment ends before its newline
	text     string // without carriage returns
}

// scanComments lists the comments of text, which may be a part of a file and need not parse.
func scanComments(text []byte) (list []comment) {
	f := token.NewFileSet().AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(f, text, func(token.Position, string) {}, scanner.ScanComments)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return list
		}
		if tok != token.COMMENT {
			continue
		}
		off := f.Offset(pos)
		stop, extra := "*/", len("*/")
		if strings.HasPrefix(lit, "//") {
			stop, extra = "\n", 0
		}
		end := len(text)
		if i := bytes.Index(text[off+len("//"):], []byte(stop)); i >= 0 {
			end = off + len("//") + i + extra
		}
		list = append(list, comment{off, end, strings.TrimRight(lit, "\r")})
	}
}

var (
	anyMarker   = regexp.MustCompile(`^/\*(_at[0-9]*)\+*[:=]`)
	afterMarker = regexp.MustCompile(`^(?:\s*;?\s*import\s+(_at[0-9]*)\s+["` + "`" + `]|\s*(_at[0-9]*)\.)`)
)

// prefixOf is the prefix of what was inserted into text, or "" if nothing was. A marker counts where the import of the collector follows it or,
// if that is gone, a probe.
func prefixOf(text []byte, comments []comment) string {
	probe := ""
	for _, c := range comments {
		m := anyMarker.FindStringSubmatch(c.text)
		if m == nil {
			continue
		}
		after := afterMarker.FindSubmatch(text[c.end:])
		switch {
		case after == nil:
		case string(after[1]) == m[1]:
			return m[1]
		case string(after[2]) == m[1] && probe == "":
			probe = m[1]
		}
	}
	return probe
}

// A reverter takes what begins with a prefix out of a text.
type reverter struct {
	text     []byte
	prefix   string
	comments []comment
	next     int // the first comment that was not looked at
	out      bytes.Buffer
	done     int // how much of text is in out, or was taken out
	above    int // lines that were taken out at the top
}

// cut puts was in place of text[off:end].
func (r *reverter) cut(off, end int, was string) {
	r.out.Write(r.text[r.done:off])
	r.out.WriteString(was)
	r.done = end
}

// comment undoes what c begins.
func (r *reverter) comment(c comment) error {
	if m := anyMarker.FindStringSubmatch(c.text); m != nil && m[1] == r.prefix {
		return r.splice(c)
	}
	text := c.text
	if rest, spaced := strings.CutPrefix(text, "// "); spaced { // gofmt
		text = "//" + rest
	}
	what, ok := strings.CutPrefix(text, "//"+r.prefix+":")
	switch {
	case !ok:
		return nil
	case what == versionMark:
		return r.version(c)
	case what == sitesMark, what == sitesMarkNoNewline:
		return r.sites(c, what == sitesMarkNoNewline)
	case strings.Contains(what, "build"):
		from := c.off + len("//")
		r.cut(from, from+len(c.text)-len(text)+len(r.prefix+":"), "")
		return nil
	}
	return fmt.Errorf("%s without its beginning", c.text)
}

// splice undoes a splice that begins with the marker c.
func (r *reverter) splice(c comment) error {
	rest := strings.TrimSuffix(c.text[len("/*"+r.prefix):], "*/")
	was := strings.TrimLeft(rest, "+")
	directives := len(rest) - len(was) + 1
	quoted := was[0] == '='
	if was = was[1:]; quoted {
		var err error
		if was, err = strconv.Unquote(was); err != nil {
			return fmt.Errorf("%s was edited", c.text)
		}
	}
	// A formatter moves comments, also over what is not ours; it puts spaces around them first.
	if next := r.text[c.end:]; len(next) > 0 && strings.ContainsRune(" \t\r\n", rune(next[0])) {
		return fmt.Errorf("the file was formatted after the probes were put in, which has moved %s; undo the formatting first", c.text)
	}
	for ; r.next < len(r.comments); r.next++ {
		d := r.comments[r.next]
		if anyMarker.MatchString(d.text) || strings.HasPrefix(d.text, "//"+r.prefix+":") || strings.HasPrefix(d.text, "// "+r.prefix+":") {
			break
		}
		if !directiveComment.MatchString(d.text) {
			continue
		}
		if directives--; directives == 0 {
			r.next++
			r.cut(c.off, d.end, was)
			return nil
		}
	}
	return fmt.Errorf("what begins with %s has lost its end, a comment of the form /*line :1:1*/", c.text)
}

// version takes out the build constraint that follows the mark c.
func (r *reverter) version(c comment) error {
	if r.next+1 >= len(r.comments) || r.comments[r.next+1].text != "//line :1:1" {
		return fmt.Errorf("the two lines after %s were edited", c.text)
	}
	last := r.comments[r.next+1]
	r.next += 2
	r.above = lineAt(r.text, last.end) - lineAt(r.text, c.off) + 1
	r.cut(c.off, afterNewline(r.text, last.end), "")
	return nil
}

// sites takes out all from the mark c to the one that ends what stands at the end of a file.
func (r *reverter) sites(c comment, noNewline bool) error {
	newline := "\n"
	if r.text[c.end-1] == '\r' { // an editor made all line ends so
		newline = "\r\n"
	}
	added := newline
	if noNewline {
		added += newline
	}
	from := c.off
	if bytes.HasSuffix(r.text[:from], []byte(added)) {
		from -= len(added)
	}
	for ; r.next < len(r.comments); r.next++ {
		if d := r.comments[r.next]; strings.ReplaceAll(d.text, " ", "") == "//"+r.prefix+":"+endMark {
			r.next++
			r.cut(max(from, r.done), afterNewline(r.text, d.end), "")
			return nil
		}
	}
	return fmt.Errorf("what begins with %s has lost its end, the line //%s:%s", c.text, r.prefix, endMark)
}

// afterNewline is the offset after the line end at off, or off if there is none.
func afterNewline(text []byte, off int) int {
	if off < len(text) && text[off] == '\n' {
		off++
	}
	return off
}

// leftover is an error if names of ours are left: something of a probe was copied or edited so that it has lost its marker.
func (r *reverter) leftover() error {
	text := r.out.Bytes()
	f := token.NewFileSet().AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(f, text, func(token.Position, string) {}, 0)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return nil
		}
		if tok == token.IDENT && strings.HasPrefix(lit, r.prefix) {
			line := r.above + lineAt(text, f.Offset(pos))
			return fmt.Errorf("line %d: %s is left of a probe that was edited; write there what the line is to say, without the probe", line, lit)
		}
	}
}

// lineAt is the number of the line that off is on, the first being 1.
func lineAt(text []byte, off int) int { return 1 + bytes.Count(text[:max(off, 0)], []byte("\n")) }
