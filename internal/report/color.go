package report

import (
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/awaittrace/awaittrace/internal/diagnose"
)

// The escape sequences of the colours.
const (
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	red    = "\x1b[1;31m"
	yellow = "\x1b[33m"
	green  = "\x1b[32m"
	plain  = "\x1b[0m"
)

// Color reports whether output to f should have colour: NO_COLOR forbids it, FORCE_COLOR demands it, and else f must be
// a terminal that is not dumb. getenv is os.Getenv, except in tests.
func Color(f *os.File, getenv func(string) string) bool {
	switch {
	case getenv("NO_COLOR") != "":
		return false
	case getenv("FORCE_COLOR") != "":
		return getenv("FORCE_COLOR") != "0"
	}
	return getenv("TERM") != "dumb" && f != nil && term.IsTerminal(int(f.Fd()))
}

// paint returns s in a colour, if colour is on.
func (t *text) paint(color, s string) string {
	if !t.opt.Color {
		return s
	}
	return t.escape(color) + s + t.escape(plain)
}

// escape returns a placeholder for an escape sequence until the text is finished, which text from the program cannot
// forge.
func (t *text) escape(sequence string) string {
	return t.mark + strings.Trim(sequence, "\x1b[m") + ";m"
}

// finish returns the text with its escape sequences for colour, and no others.
func (t *text) finish(s string) string {
	parts := strings.Split(s, t.mark)
	var b strings.Builder
	b.WriteString(Safe(parts[0]))
	for _, part := range parts[1:] {
		sequence, rest, _ := strings.Cut(part, ";m")
		b.WriteString("\x1b[" + sequence + "m" + Safe(rest))
	}
	return b.String()
}

func (t *text) verdictColor() string {
	if t.r.Bad() > 0 {
		return red
	}
	return green
}

// colorOf returns the colour of a finding's kind: red for what is certain.
func colorOf(f *diagnose.Finding) string {
	if f.Certainty == diagnose.Certain {
		return red
	}
	return yellow
}
