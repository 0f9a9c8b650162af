package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/awaittrace/awaittrace/internal/report"
)

// Dot writes the wait-for graph of the findings for Graphviz. Goroutines are boxes, objects ellipses, goroutines that
// have exited dashed.
func Dot(w io.Writer, doc *report.Document, opt Options) error {
	out := bufio.NewWriter(w)
	g := buildGraph(doc, opt)
	fmt.Fprintf(out, "digraph awaittrace {\n\tlabel=%s;\n\trankdir=LR;\n"+
		"\tnode [fontname=\"Helvetica\" fontsize=11];\n\tedge [fontname=\"Helvetica\" fontsize=10];\n",
		dotQuote(program(doc)))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		label := n.Label
		if n.Detail != "" {
			label += "\n" + n.Detail
		}
		fmt.Fprintf(out, "\t%s [label=%s %s];\n", n.ID, dotQuote(label), dotStyle(n))
	}
	for _, e := range g.Edges {
		fmt.Fprintf(out, "\t%s -> %s [label=%s %s];\n", e.From, e.To, dotQuote(e.Label), dotEdge(e.Label))
	}
	fmt.Fprintln(out, "}")
	return out.Flush()
}

func dotStyle(n *node) string {
	switch {
	case n.Kind == "object":
		return `shape=ellipse`
	case n.Kind == "exited":
		return `shape=box style=dashed color="#888888"`
	case n.Verdict == "deadlock" || n.Verdict == "orphaned" || n.Verdict == "leaked":
		return `shape=box style=filled fillcolor="#f8d7da" color="#b02a37"`
	case n.Verdict == "stuck" || n.Verdict == "busy":
		return `shape=box style=filled fillcolor="#fff3cd" color="#997404"`
	}
	return `shape=box`
}

// dotEdge tells the edges of the wait-for graph from those that only say who did what.
func dotEdge(label string) string {
	if label == "waits for" || label == "held by" {
		return `penwidth=1.5`
	}
	return `style=dashed color="#888888" constraint=false`
}

// dotQuote quotes s as a string of Graphviz, in which a backslash begins an escape.
func dotQuote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r < ' ' || r == 0x7f:
			b.WriteRune('\uFFFD')
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
