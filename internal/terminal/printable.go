// Package terminal is what all verbs need of a terminal: names that other processes chose must not act on it, and a line says that work is
// going on.
package terminal

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text passes what other processes have named (executables, arguments, sockets, files) on its way to a terminal; JSON, which has escapes
// of its own, does not. It returns s with every character that could act on one, or turn text around, replaced by U+FFFD. Newlines and tabs stay.
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

// Line returns Text of s with newlines and tabs replaced too, for names that are part of a line or a table.
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
