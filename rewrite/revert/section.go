package revert

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/runtime"
)

// An instrumented file in a tree ends with a section that says how to take the probes out again. Only files of an old
// language version have comments of the same kind elsewhere (version.go).
//
//	//awaittrace:sites _at gofmt lines
//	//awaittrace:form 0,3-5 "_at.Lock(&_atS1a2b3c4d[$], &" "" ")" ".Lock()"
//	//awaittrace:keep "var _ time.Duration"
//
//	var _atS1a2b3c4d = [...]_at.Site{
//		…
//	}
//	var _ time.Duration
//
//	//awaittrace:end
const (
	// the prefix of inserted names, and flags; an empty line before it was added, too
	sitesMark = "//awaittrace:sites"
	formMark  = "//awaittrace:form" // a form, see form.String
	keepMark  = "//awaittrace:keep" // a declaration of the section, quoted
	endMark   = "//awaittrace:end"  // the end of the section
	// the lines before it, too, and the directive or empty line after it, were added
	VersionMark = "//awaittrace:version"
	WasMark     = "//awaittrace:was " // a constraint of the original, after //
)

// VersionLines are the last lines of the additions because of an old language version.
const VersionLines = VersionMark + "\n//line :1:1\n"

// Flags after sitesMark.
const (
	FlagGofmt     = "gofmt"     // the original is formatted
	FlagLines     = "lines"     // so is the text, and line directives in it are ours
	flagNoNewline = "nonewline" // the original did not end with a newline
)

// Section returns the end of a file in a tree. Its forms are those of parts, prefix is that of inserted names, and
// sites the name of the variable with the sites. Reverting keeps the declarations in kept, but not those in tail.
func Section(text []byte, prefix, sites string, parts []Part, kept, tail []string, flags ...string) []byte {
	var b bytes.Buffer
	newline := "\n"
	if len(text) > 0 && text[len(text)-1] != '\n' {
		flags = append(flags, flagNoNewline)
		b.WriteString(newline)
	}
	fmt.Fprintf(&b, "\n%s\n", strings.Join(append([]string{sitesMark, prefix}, flags...), " "))
	for _, of := range forms(parts, prefix, sites) {
		fmt.Fprintf(&b, "%s %v\n", formMark, of)
	}
	for _, decl := range kept {
		fmt.Fprintf(&b, "%s %q\n", keepMark, decl)
	}
	if decls := append(slices.Clip(tail), kept...); len(decls) > 0 {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(decls, "\n"))
	}
	fmt.Fprintf(&b, "\n%s\n", endMark)
	return b.Bytes()
}

// A table has the data of a section.
type table struct {
	prefix                  string
	gofmt, lines, noNewline bool // the flags
	keep                    []string
	Parts                   map[string][]pattern // by the tokens of the first piece, each followed by a space
	lengths                 map[string][]int     // by a first token: the numbers of tokens of such first pieces
	begin, end              int                  // offsets of sitesMark and of the end of endMark
	marks                   []Comment            // our comments in the section
}

// findTable returns the table of a text, or nil if there is none. A comment that looks like ours counts only if the
// section is complete, or if the text has names of ours.
func findTable(text []byte, list []Lexeme, comments []Comment) (*table, error) {
	for i := len(comments) - 1; i >= 0; i-- {
		words := strings.Fields(comments[i].Text)
		if len(words) < 2 || words[0] != sitesMark || !anyIdent(list, words[1]) {
			continue
		}
		t := &table{prefix: words[1], begin: comments[i].Off, Parts: map[string][]pattern{},
			lengths: map[string][]int{}}
		flags := words[2:]
		t.gofmt, t.lines, t.noNewline = slices.Contains(flags, FlagGofmt), slices.Contains(flags, FlagLines),
			slices.Contains(flags, flagNoNewline)
		for _, c := range comments[i:] {
			if err := t.mark(c); err != nil {
				return nil, fmt.Errorf("line %d: %s was edited: %v", lineAt(text, c.Off), c.Text, err)
			}
			if t.end != 0 {
				return t, nil
			}
		}
		return nil, fmt.Errorf("line %d: the section that begins with %s lacks its last line, %s",
			lineAt(text, t.begin), sitesMark, endMark)
	}
	return nil, rests(text, list, comments)
}

// anyIdent reports whether an identifier has that prefix.
func anyIdent(list []Lexeme, prefix string) bool {
	return slices.ContainsFunc(list, func(l Lexeme) bool { return l.ident && strings.HasPrefix(l.Text, prefix) })
}

// rests returns an error if a text without a section has anything else that awaittrace inserted.
func rests(text []byte, list []Lexeme, comments []Comment) error {
	for _, c := range comments {
		if what, _, _ := strings.Cut(c.Text, " "); what == formMark || what == keepMark {
			return fmt.Errorf("line %d: %s lacks the line above it that begins with %s", lineAt(text, c.Off), what,
				sitesMark)
		}
	}
	for i, l := range list[:len(list)-1] {
		if path := strings.Trim(list[i+1].Text, "\"`"); ours.MatchString(l.Text) && path != list[i+1].Text &&
			path[strings.LastIndex(path, "/")+1:] == runtime.Folder {
			return fmt.Errorf("line %d: the text still has probes, but lacks the section at its end that begins "+
				"with %s", lineAt(text, l.Off), sitesMark)
		}
	}
	return nil
}

// ours matches the names under which the collector is imported.
var ours = regexp.MustCompile(`^_at[0-9]*$`)

// mark parses a comment of the section.
func (t *table) mark(c Comment) error {
	what, rest, _ := strings.Cut(c.Text, " ")
	switch what {
	case formMark:
		of, err := parseForm(rest)
		if err != nil {
			return err
		}
		t.add(of)
	case keepMark:
		var decl string
		if _, err := fmt.Sscanf(rest, "%q", &decl); err != nil {
			return err
		}
		t.keep = append(t.keep, decl)
	case endMark:
		t.end = c.End
	case sitesMark:
	default:
		return nil
	}
	t.marks = append(t.marks, c)
	return nil
}

// add adds the parts of a form.
func (t *table) add(of form) {
	for _, site := range of.sites {
		var list []pattern
		for _, p := range of.part(site).Pieces {
			list = append(list, newPattern(p))
		}
		first := list[0].tokens
		if len(first) == 0 {
			continue
		}
		t.Parts[tokenKey(first)] = list
		if n := len(first); !slices.Contains(t.lengths[first[0]], n) {
			t.lengths[first[0]] = append(t.lengths[first[0]], n)
		}
	}
}

func tokenKey(tokens []string) string { return strings.Join(tokens, " ") }

// find returns the part whose first piece is at the beginning of list, or nil.
func (t *table) find(list []Lexeme) []pattern {
	for _, n := range t.lengths[list[0].Text] {
		if n > len(list) {
			continue
		}
		tokens := make([]string, n)
		for i := range tokens {
			tokens[i] = list[i].Text
		}
		if p := t.Parts[tokenKey(tokens)]; p != nil {
			return p
		}
	}
	return nil
}
