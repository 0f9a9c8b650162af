package revert

import (
	"bytes"
	"go/scanner"
	"go/token"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Lexeme is a token of a text, other than a comment, a semicolon, or a comma before a closing bracket, which a
// formatter adds and removes.
type Lexeme struct {
	Off, End int
	Text     string // empty at the end of the text
	ident    bool
	semi     int  // offset of a semicolon between the token before and this one, or -1
	comma    int  // if this is a closing bracket, the offset of a comma before it, or -1
	newline  bool // a newline between the token before and this one counts as a semicolon
}

// bracket returns 1 for an opening bracket, -1 for a closing one, and else 0.
func (l Lexeme) bracket() int {
	switch l.Text {
	case "(", "[", "{":
		return 1
	case ")", "]", "}":
		return -1
	}
	return 0
}

// closingBracket returns the bracket that closes an opening one.
func closingBracket(opening string) string {
	return map[string]string{"(": ")", "[": "]", "{": "}", declaring: ")"}[opening]
}

// A Comment is a comment in a text.
type Comment struct {
	Off, End int    // in bytes; a // comment ends before its newline
	Text     string // without carriage returns
}

// Lex splits a text into lexemes. It may be a part of a file and need not parse. The last lexeme is at the end of the
// text.
func Lex(text []byte) (list []Lexeme, comments []Comment) {
	f := token.NewFileSet().AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(f, text, func(token.Position, string) {}, scanner.ScanComments)
	next := Lexeme{semi: -1, comma: -1}
	for {
		pos, tok, lit := s.Scan()
		off := f.Offset(pos)
		switch {
		case tok == token.EOF:
			next.Off, next.End = len(text), len(text)
			return append(list, next), comments
		case tok == token.COMMENT:
			comments = append(comments, commentAt(text, off, lit))
		case tok == token.SEMICOLON && lit == "\n":
			next.newline = true
		case tok == token.SEMICOLON:
			next.semi = off
		default:
			next.Off, next.Text, next.ident = off, lit, tok == token.IDENT
			if !tok.IsLiteral() && tok != token.ILLEGAL {
				next.Text = tok.String()
			}
			next.End = off + len(next.Text)
			if strings.HasPrefix(next.Text, "`") { // the scanner has removed carriage returns
				if i := bytes.IndexByte(text[off+1:], '`'); i >= 0 {
					next.End = off + 1 + i + 1
				}
			}
			if last := len(list) - 1; last >= 0 && next.bracket() < 0 && list[last].Text == "," {
				next.comma = list[last].Off
				list = list[:last]
			}
			list = append(list, next)
			next = Lexeme{semi: -1, comma: -1}
		}
	}
}

// commentAt returns the comment at off, for which the scanner returned lit.
func commentAt(text []byte, off int, lit string) Comment {
	stop, extra := "*/", len("*/")
	if strings.HasPrefix(lit, "//") {
		stop, extra = "\n", 0
	}
	end := len(text)
	if i := bytes.Index(text[off+len("//"):], []byte(stop)); i >= 0 {
		end = off + len("//") + i + extra
	}
	return Comment{off, end, strings.TrimRight(lit, "\r")}
}

// A pattern has the tokens of a piece.
type pattern struct {
	Piece
	tokens []string
	lead   int // where the first token begins in the text of the piece
}

func newPattern(p Piece) pattern {
	list, _ := Lex([]byte(p.Text))
	made := pattern{Piece: p}
	for _, l := range list[:len(list)-1] {
		if len(made.tokens) == 0 {
			made.lead = l.Off
		}
		made.tokens = append(made.tokens, l.Text)
	}
	return made
}

// matches reports whether the tokens of p are at the beginning of list.
func (p *pattern) matches(list []Lexeme) bool {
	if len(list) < len(p.tokens) {
		return false
	}
	for i, t := range p.tokens {
		if list[i].Text != t {
			return false
		}
	}
	return true
}

// LineStart returns the offset where the line of off begins.
func LineStart(text []byte, off int) int { return bytes.LastIndexByte(text[:off], '\n') + 1 }

// lineEnd returns the offset where the line of off ends, before its newline.
func lineEnd(text []byte, off int) int {
	if i := bytes.IndexByte(text[off:], '\n'); i >= 0 {
		return off + i
	}
	return len(text)
}

// lineAt returns the number of the line of off, the first being 1.
func lineAt(text []byte, off int) int { return 1 + bytes.Count(text[:max(off, 0)], []byte("\n")) }

// Glue reports whether two texts, one after the other, would join two tokens into one.
func Glue[A, B []byte | string](before A, after B) bool {
	if len(before) == 0 || len(after) == 0 {
		return false
	}
	last, _ := utf8.DecodeLastRune([]byte(before[max(0, len(before)-utf8.UTFMax):]))
	first, _ := utf8.DecodeRune([]byte(after[:min(len(after), utf8.UTFMax)]))
	word := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	return word(last) && word(first) || last == '<' && first == '<'
}
