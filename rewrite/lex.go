package rewrite

import (
	"bytes"
	"go/scanner"
	"go/token"
	"strings"
)

// A lexeme is a token of a text, other than a comment, a semicolon, or a comma before a closing bracket: a formatter adds and removes these.
type lexeme struct {
	off, end int
	text     string // empty at the end of the text
	ident    bool
	semi     int  // offset of a semicolon that stands between the token before and this one, or -1
	comma    int  // offset of a comma before this one, which is a closing bracket, or -1
	newline  bool // between the token before and this one there is a newline that counts as a semicolon
}

// bracket is 1 for an opening bracket, -1 for a closing one, and else 0.
func (l lexeme) bracket() int {
	switch l.text {
	case "(", "[", "{":
		return 1
	case ")", "]", "}":
		return -1
	}
	return 0
}

// closingBracket is the bracket that closes an opening one.
func closingBracket(opening string) string {
	return map[string]string{"(": ")", "[": "]", "{": "}", declaring: ")"}[opening]
}

// A comment is a comment in a text.
type comment struct {
	off, end int    // in bytes; a // comment ends before its newline
	text     string // without carriage returns
}

// lex reads a text, which may be a part of a file and need not parse. The last lexeme is at the end of the text.
func lex(text []byte) (list []lexeme, comments []comment) {
	f := token.NewFileSet().AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(f, text, func(token.Position, string) {}, scanner.ScanComments)
	next := lexeme{semi: -1, comma: -1}
	for {
		pos, tok, lit := s.Scan()
		off := f.Offset(pos)
		switch {
		case tok == token.EOF:
			next.off, next.end = len(text), len(text)
			return append(list, next), comments
		case tok == token.COMMENT:
			comments = append(comments, commentAt(text, off, lit))
		case tok == token.SEMICOLON && lit == "\n":
			next.newline = true
		case tok == token.SEMICOLON:
			next.semi = off
		default:
			next.off, next.text, next.ident = off, lit, tok == token.IDENT
			if !tok.IsLiteral() && tok != token.ILLEGAL {
				next.text = tok.String()
			}
			next.end = off + len(next.text)
			if strings.HasPrefix(next.text, "`") { // the scanner has taken carriage returns out
				if i := bytes.IndexByte(text[off+1:], '`'); i >= 0 {
					next.end = off + 1 + i + 1
				}
			}
			if last := len(list) - 1; last >= 0 && next.bracket() < 0 && list[last].text == "," {
				next.comma = list[last].off
				list = list[:last]
			}
			list = append(list, next)
			next = lexeme{semi: -1, comma: -1}
		}
	}
}

// commentAt is the comment at off, of which the scanner gave lit.
func commentAt(text []byte, off int, lit string) comment {
	stop, extra := "*/", len("*/")
	if strings.HasPrefix(lit, "//") {
		stop, extra = "\n", 0
	}
	end := len(text)
	if i := bytes.Index(text[off+len("//"):], []byte(stop)); i >= 0 {
		end = off + len("//") + i + extra
	}
	return comment{off, end, strings.TrimRight(lit, "\r")}
}

// A pattern is the tokens of a piece.
type pattern struct {
	piece
	tokens []string
	lead   int // where the first token begins in the text of the piece
}

func newPattern(p piece) pattern {
	list, _ := lex([]byte(p.text))
	made := pattern{piece: p}
	for _, l := range list[:len(list)-1] {
		if len(made.tokens) == 0 {
			made.lead = l.off
		}
		made.tokens = append(made.tokens, l.text)
	}
	return made
}

// matches says that the tokens of p are at the beginning of list.
func (p *pattern) matches(list []lexeme) bool {
	if len(list) < len(p.tokens) {
		return false
	}
	for i, t := range p.tokens {
		if list[i].text != t {
			return false
		}
	}
	return true
}

// lineStart is the offset at which the line of off begins.
func lineStart(text []byte, off int) int { return bytes.LastIndexByte(text[:off], '\n') + 1 }

// lineEnd is the offset at which the line of off ends, before its newline.
func lineEnd(text []byte, off int) int {
	if i := bytes.IndexByte(text[off:], '\n'); i >= 0 {
		return off + i
	}
	return len(text)
}

// lineAt is the number of the line that off is on, the first being 1.
func lineAt(text []byte, off int) int { return 1 + bytes.Count(text[:max(off, 0)], []byte("\n")) }
