package report

import (
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Safe returns s with U+FFFD for every character that could act on a terminal or reverse the text. Newlines and tabs
// stay. What other processes name (executables, arguments, sockets, files) passes through it, except in JSON, which has
// escapes of its own.
func Safe(s string) string {
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

// SafeLine is like Safe, but also replaces newlines and tabs, for names in a line or a table.
func SafeLine(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' || c == '\t' {
			return unicode.ReplacementChar
		}
		return c
	}, Safe(s))
}

// SafeWriter returns a writer that writes Safe to w. Each Write must end with a whole character.
func SafeWriter(w io.Writer) io.Writer { return safeWriter{w} }

type safeWriter struct{ w io.Writer }

func (w safeWriter) Write(b []byte) (int, error) {
	if _, err := io.WriteString(w.w, Safe(string(b))); err != nil {
		return 0, err
	}
	return len(b), nil
}
