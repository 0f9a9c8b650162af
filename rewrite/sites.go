package rewrite

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"path/filepath"
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
	obj   string // see runtime.Site
	// callee is the called function, as go doc takes it; empty except for I/O.
	callee string
	asked  bool // -probe-func names it: it has a probe whatever -probe says
}

// A site is an operation that has a probe.
type site struct {
	operation
	fn string // the function's name in a stack trace
}

// maxExpr is the most bytes of Site.Expr.
const maxExpr = 80

// site gives an operation that a rule is about to probe its place in the site array, and returns the probe's first
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
	f.sites = append(f.sites, site{o, f.funcName()})
	f.begin(len(f.sites) - 1)
	return fmt.Sprintf("&%s[%d]", f.arrayName(), len(f.sites)-1), true
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

// arrayName returns the name of the file's site array. It depends only on the file's base name, so that a change of one
// file changes no other.
func (f *file) arrayName() string { return f.names.array(filepath.Base(f.Name)) }

// siteDecl returns the declaration of the site array, with one line for each site.
func (f *file) siteDecl() string {
	name := f.Name
	if f.cfg.Trimpath {
		name = f.pkg.Trim + "/" + filepath.Base(f.Name)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "var %s = [...]%s.Site{", f.arrayName(), f.names)
	for _, s := range f.sites {
		p := f.fset.PositionFor(s.pos, false)
		fmt.Fprintf(&b, "\n\t{File: %s, Func: %s, Expr: %s, Line: %d, Col: %d, Op: %d", strconv.Quote(name),
			strconv.Quote(s.fn), strconv.Quote(s.expr), p.Line, p.Column, s.op)
		optional(&b, "Kind", int(s.kind))
		optional(&b, "Cases", s.cases)
		optional(&b, "Flags", int(s.flags))
		optional(&b, "Roles", int(s.roles))
		optionalText(&b, "Obj", s.obj)
		optionalText(&b, "Callee", s.callee)
		b.WriteString("},")
	}
	b.WriteString("\n}")
	return b.String()
}

func optional(b *strings.Builder, field string, value int) {
	if value != 0 {
		fmt.Fprintf(b, ", %s: %d", field, value)
	}
}

func optionalText(b *strings.Builder, field, value string) {
	if value != "" {
		fmt.Fprintf(b, ", %s: %s", field, strconv.Quote(value))
	}
}
