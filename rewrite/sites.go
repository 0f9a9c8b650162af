package rewrite

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/awaittrace/awaittrace/runtime"
	"github.com/dave/dst"
)

// An operation is what a rule found in the source.
type operation struct {
	node  dst.Node // what the report shows
	pos   token.Pos
	op    runtime.Op
	kind  runtime.Kind
	cases int
	flags uint16
	roles uint32 // see runtime.Site
	expr  string // as the report shows it; empty: the source of node
	obj   string // as the source names it; for a select, a line for each case below CaseLen
	// callee is the called function, as go doc takes it; empty except for I/O.
	callee string
	asked  bool // -probe-func names it: it has a probe whatever -probe says
}

// A site is an operation that has a probe.
type site struct {
	operation
	fn string // the function's name in a stack trace
}

// maxExpr is the most bytes of an operation or an object.
const maxExpr = 80

// site gives an operation that a rule is about to probe its place in the sites, and returns the probe's first
// argument. It returns false if the operation's kind is not asked for, or if it is in code that is left alone.
func (f *file) site(o operation) (ref string, ok bool) {
	if f.cfg.Probes&probeSet(o.op) == 0 && !o.asked {
		return "", false
	}
	o = f.complete(o)
	if len(f.alone) > 0 {
		f.skip(o, f.alone[0].reason)
		return "", false
	}
	if len(f.sites) > math.MaxUint16 { // of Site.Index
		f.skip(o, "there are too many operations in the file")
		return "", false
	}
	f.sites = append(f.sites, site{o, f.funcName()})
	f.begin(len(f.sites) - 1)
	return fmt.Sprintf("&%s[%d]", f.sitesName(), len(f.sites)-1), true
}

// skip lists an operation without a probe.
func (f *file) skip(o operation, reason string) {
	if f.cfg.Probes&probeSet(o.op) == 0 && !o.asked {
		return
	}
	o = f.complete(o)
	f.skipped = append(f.skipped, Skip{f.fset.PositionFor(o.pos, false), o.op, o.expr, reason})
}

// complete fills in the position and the text of an operation.
func (f *file) complete(o operation) operation {
	n := f.node(o.node)
	if !o.pos.IsValid() {
		o.pos = n.Pos()
	}
	if o.expr == "" {
		o.expr = f.textOf(n)
	}
	o.expr = shorten(o.expr, maxExpr)
	return o
}

// textOf returns the source of n on one line, without comments.
func (f *file) textOf(n ast.Node) string {
	text := f.Text[f.Tok.Offset(n.Pos()):f.Tok.Offset(n.End())]
	if bytes.Contains(text, []byte("//")) || bytes.Contains(text, []byte("/*")) {
		var b bytes.Buffer
		if printer.Fprint(&b, f.fset, n) == nil {
			text = b.Bytes()
		}
	}
	return oneLine(string(text))
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// shorten cuts s to at most n bytes.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// sitesName returns the name of the variable with the file's sites. It depends only on the file's base name, so that a
// change of one file changes no other.
func (f *file) sitesName() string { return f.names.sites(filepath.Base(f.Name)) }

// maxTerms is the most terms of File.Text: the time that gofmt takes for a sum grows with their square.
const maxTerms = 1000

// siteDecl returns the declaration of the sites: see runtime.File. The text and the array have one line for each, unless
// there are too many for the text.
func (f *file) siteDecl() string {
	name := f.Name
	if f.cfg.Trimpath {
		name = f.pkg.Trim + "/" + filepath.Base(f.Name)
	}
	lines, at := f.siteText()
	var b strings.Builder
	fmt.Fprintf(&b, "var %s = [...]%s.Site{", f.sitesName(), f.names)
	for i, s := range f.sites {
		p := f.fset.PositionFor(s.pos, false)
		fmt.Fprintf(&b, "\n\t%d: {", i)
		if i == 0 {
			fmt.Fprintf(&b, "File: &%s.File{\n\t\tName: %s,\n\t\tText: %s,\n\t}, ", f.names, strconv.Quote(name), sum(lines))
		}
		fmt.Fprintf(&b, "Index: %d, Text: %d, Line: %d, Col: %d, Op: %d", i, at[i], p.Line, p.Column, s.op)
		optional(&b, "Kind", int(s.kind))
		optional(&b, "Cases", s.cases)
		optional(&b, "Flags", int(s.flags))
		optional(&b, "Roles", int(s.roles))
		b.WriteString("},")
	}
	b.WriteString("\n}")
	return b.String()
}

// sum returns lines as a sum of strings, one a line.
func sum(lines []string) string {
	var terms []string
	for some := range slices.Chunk(lines, 1+len(lines)/maxTerms) {
		terms = append(terms, strconv.Quote(strings.Join(some, "")))
	}
	return strings.Join(terms, " +\n\t\t\t")
}

// siteText returns the lines of runtime.File.Text, and where in it that of each site begins. Sites are in the order of
// their functions.
func (f *file) siteText() (lines []string, at []int) {
	var functions []string
	of := map[string][]int{}
	for i, s := range f.sites {
		if of[s.fn] == nil {
			functions = append(functions, s.fn)
		}
		of[s.fn] = append(of[s.fn], i)
	}
	length := 0
	add := func(line string) {
		lines = append(lines, line+"\n")
		length += len(line) + len("\n")
	}
	at = make([]int, len(f.sites))
	for _, fn := range functions {
		add(fn)
		for _, i := range of[fn] {
			at[i] = length
			s := f.sites[i]
			objs := strings.ReplaceAll(s.obj, "\n", "\t")
			add(strings.TrimRight("\t"+s.expr+"\t"+s.callee+"\t"+objs, "\t"))
		}
	}
	return lines, at
}

func optional(b *strings.Builder, field string, value int) {
	if value != 0 {
		fmt.Fprintf(b, ", %s: %d", field, value)
	}
}
