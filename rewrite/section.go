package rewrite

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// An instrumented file in a tree ends with a section that says how to take the probes out again. Comments of the same kind stand elsewhere only in files
// of an old language version (version.go).
//
//	//awaittrace:sites _at gofmt lines
//	//awaittrace:form 0,3-5 "_at.Recv(&_atS1a2b3c4d[$], " "<-" ")" ""
//	//awaittrace:keep "var _ time.Duration"
//
//	var _atS1a2b3c4d = [...]_at.Site{
//		{…},
//	}
//	var _ time.Duration
//
//	//awaittrace:end
const (
	sitesMark   = "//awaittrace:sites"   // the prefix of what was inserted, and flags; an empty line before it was added, too
	formMark    = "//awaittrace:form"    // a form, see form.String
	keepMark    = "//awaittrace:keep"    // a declaration of the section, quoted
	endMark     = "//awaittrace:end"     // the end of the section
	versionMark = "//awaittrace:version" // it and the lines before it were added, and the directive or empty line after it
	wasMark     = "//awaittrace:was "    // a constraint of the original, after //
)

// versionLines are the last lines of what is added because of an old language version.
const versionLines = versionMark + "\n//line :1:1\n"

// Flags after sitesMark.
const (
	flagGofmt     = "gofmt"     // the original is formatted
	flagLines     = "lines"     // the text is, too, and line directives in it are ours
	flagNoNewline = "nonewline" // it did not end with a newline
)

// section is what stands at the end of the file in a tree.
func (f *file) section(flags ...string) []byte {
	var b bytes.Buffer
	newline := "\n"
	if len(f.text) > 0 && f.text[len(f.text)-1] != '\n' {
		flags = append(flags, flagNoNewline)
		b.WriteString(newline)
	}
	fmt.Fprintf(&b, "\n%s\n", strings.Join(append([]string{sitesMark, string(f.names)}, flags...), " "))
	for _, of := range f.forms() {
		fmt.Fprintf(&b, "%s %v\n", formMark, of)
	}
	kept := sortedValues(f.kept)
	for _, decl := range kept {
		fmt.Fprintf(&b, "%s %q\n", keepMark, decl)
	}
	if decls := append(slices.Clip(f.tail), kept...); len(decls) > 0 {
		fmt.Fprintf(&b, "\n%s\n", strings.Join(decls, "\n"))
	}
	fmt.Fprintf(&b, "\n%s\n", endMark)
	return b.Bytes()
}

// A table is what the section of a text says.
type table struct {
	prefix                  string
	gofmt, lines, noNewline bool // the flags
	keep                    []string
	parts                   map[string][]pattern // by the tokens of the first piece, each followed by a space
	lengths                 map[string][]int     // by a first token: how many tokens such first pieces have
	begin, end              int                  // offsets of sitesMark and of the end of endMark
	marks                   []comment            // the comments in the section that are ours
}

// findTable gives the table of a text, or nil if there is none. A comment that looks like one of ours counts only where the section is complete,
// or where the text has names of ours.
func findTable(text []byte, list []lexeme, comments []comment) (*table, error) {
	for i := len(comments) - 1; i >= 0; i-- {
		words := strings.Fields(comments[i].text)
		if len(words) < 2 || words[0] != sitesMark || !anyIdent(list, words[1]) {
			continue
		}
		t := &table{prefix: words[1], begin: comments[i].off, parts: map[string][]pattern{}, lengths: map[string][]int{}}
		flags := words[2:]
		t.gofmt, t.lines, t.noNewline = slices.Contains(flags, flagGofmt), slices.Contains(flags, flagLines), slices.Contains(flags, flagNoNewline)
		for _, c := range comments[i:] {
			if err := t.mark(c); err != nil {
				return nil, fmt.Errorf("line %d: %s was edited: %v", lineAt(text, c.off), c.text, err)
			}
			if t.end != 0 {
				return t, nil
			}
		}
		return nil, fmt.Errorf("line %d: what begins with %s has lost its end, the line %s", lineAt(text, t.begin), sitesMark, endMark)
	}
	return nil, rests(text, list, comments)
}

// anyIdent says that there is a name that begins so.
func anyIdent(list []lexeme, prefix string) bool {
	return slices.ContainsFunc(list, func(l lexeme) bool { return l.ident && strings.HasPrefix(l.text, prefix) })
}

// rests is an error if a text without a section has something else of ours.
func rests(text []byte, list []lexeme, comments []comment) error {
	for _, c := range comments {
		if what, _, _ := strings.Cut(c.text, " "); what == formMark || what == keepMark {
			return fmt.Errorf("line %d: %s has lost the line above it that begins with %s", lineAt(text, c.off), what, sitesMark)
		}
	}
	for i, l := range list[:len(list)-1] {
		if path := strings.Trim(list[i+1].text, "\"`"); ours.MatchString(l.text) && path != list[i+1].text && path[strings.LastIndex(path, "/")+1:] == CollectorFolder {
			return fmt.Errorf("line %d: probes are left in a text that has lost what begins with %s at its end", lineAt(text, l.off), sitesMark)
		}
	}
	return nil
}

// ours matches the names under which the collector is imported.
var ours = regexp.MustCompile(`^_at[0-9]*$`)

// mark reads a comment of the section.
func (t *table) mark(c comment) error {
	what, rest, _ := strings.Cut(c.text, " ")
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
		t.end = c.end
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
		for _, p := range of.part(site).pieces {
			list = append(list, newPattern(p))
		}
		first := list[0].tokens
		if len(first) == 0 {
			continue
		}
		t.parts[tokenKey(first)] = list
		if n := len(first); !slices.Contains(t.lengths[first[0]], n) {
			t.lengths[first[0]] = append(t.lengths[first[0]], n)
		}
	}
}

func tokenKey(tokens []string) string { return strings.Join(tokens, " ") }

// find gives the part whose first piece is at the beginning of list.
func (t *table) find(list []lexeme) []pattern {
	for _, n := range t.lengths[list[0].text] {
		if n > len(list) {
			continue
		}
		tokens := make([]string, n)
		for i := range tokens {
			tokens[i] = list[i].text
		}
		if p := t.parts[tokenKey(tokens)]; p != nil {
			return p
		}
	}
	return nil
}
