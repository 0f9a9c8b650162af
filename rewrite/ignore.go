package rewrite

import (
	"bytes"
	"go/ast"
	"slices"
	"strings"

	"github.com/dave/dst"
)

// ignoreDirective is the comment that excludes a statement, declaration or function:
//
//	//awaittrace:ignore
//	mu.Lock()
//
//	<-done //awaittrace:ignore it is closed already
const ignoreDirective = "//awaittrace:ignore"

// An alone is a node that is left without probes, and the reason.
type alone struct {
	node   dst.Node
	reason string
}

// pragmas are the directives of functions that must not call the collector: their code has no room on the stack, no
// write barriers or no g, or the race detector does not see it.
var pragmas = []string{
	"//go:nosplit", "//go:norace", "//go:systemstack", "//go:nowritebarrier", "//go:nowritebarrierrec",
	"//go:yeswritebarrierrec", "//go:cgo_unsafe_args", "//go:uintptrkeepalive", "//go:nocheckptr",
}

// directed reports whether a comment in the file may exclude something.
func (f *file) directed() bool {
	return bytes.Contains(f.Text, []byte(ignoreDirective)) ||
		slices.ContainsFunc(pragmas, func(pragma string) bool { return bytes.Contains(f.Text, []byte(pragma)) })
}

// leftAlone returns why nothing in n gets a probe, or "".
func (f *file) leftAlone(n dst.Node) string {
	switch n.(type) {
	case dst.Stmt, dst.Decl, dst.Spec:
	default:
		return ""
	}
	decs := n.Decorations()
	for _, comments := range []dst.Decorations{decs.Start, decs.End} {
		for _, c := range comments {
			if directive(c) == ignoreDirective {
				return ignoreDirective
			}
		}
	}
	fn, ok := n.(*dst.FuncDecl)
	if !ok {
		return ""
	}
	for _, c := range decs.Start {
		for _, pragma := range pragmas {
			if directive(c) == pragma {
				return "in a function with " + pragma
			}
		}
	}
	if fn.Recv == nil && f.links[fn.Name.Name] {
		return "in a function with //go:linkname"
	}
	return ""
}

// directive returns the first word of a comment.
func directive(comment string) string {
	word, _, _ := strings.Cut(strings.TrimRight(comment, "\r\n"), " ")
	return word
}

// linknames returns the local names in the //go:linkname directives of a file.
func linknames(f *ast.File) map[string]bool {
	names := map[string]bool{}
	for _, group := range f.Comments {
		for _, c := range group.List {
			if fields := strings.Fields(c.Text); len(fields) > 1 && fields[0] == "//go:linkname" {
				names[fields[1]] = true
			}
		}
	}
	return names
}
