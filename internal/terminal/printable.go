// Package terminal is what all verbs need of a terminal: names that other processes chose must not act on it, and a
// line says that work is going on.
package terminal

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text returns s with U+FFFD for every character that could act on a terminal or reverse the text. Newlines and tabs
// stay. What other processes name (executables, arguments, sockets, files) passes through it, except in JSON, which has
// escapes of its own.
func Text(s string) string {
	for i := 0; ; i++ { // nearly all strings are printable, and long ones are reports
		if i == len(s) {
			return s
		}
		if c := s[i]; c >= utf8.RuneSelf || c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
			break
		}
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
		case unicode.IsControl(c), unicode.Is(unicode.Bidi_Control, c), c == '\u2028', c == '\u2029':
			return unicode.ReplacementChar
		}
		return c // of what is no UTF-8 strings.Map makes U+FFFD
	}, s)
}

// Line is like Text, but also replaces newlines and tabs, for names in a line or a table.
func Line(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\t' {
			return unicode.ReplacementChar
		}
		return c
	}, Text(s))
}

// Writer returns a writer that writes Text to w. Each Write must end with a whole character.
func Writer(w io.Writer) io.Writer { return writer{w} }

type writer struct{ w io.Writer }

func (w writer) Write(b []byte) (int, error) {
	if _, err := io.WriteString(w.w, Text(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}
