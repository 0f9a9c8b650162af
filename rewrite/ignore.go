package rewrite

import (
	"bytes"
	"go/ast"
	"slices"
	"strings"

	"github.com/dave/dst"
)

// ignoreDirective is the comment that leaves a statement, declaration or function alone:
//
//	//awaittrace:ignore
//	mu.Lock()
//
//	<-done //awaittrace:ignore it is closed already
const ignoreDirective = "//awaittrace:ignore"

// An alone is a node in which nothing is probed, and why.
type alone struct {
	node   dst.Node
	reason string
}

// pragmas are the directives of functions whose code runs where no call can be added: without room on the stack, without write
// barriers or a g, or unseen by the race detector.
var pragmas = []string{
	"//go:nosplit", "//go:norace", "//go:systemstack", "//go:nowritebarrier", "//go:nowritebarrierrec",
	"//go:yeswritebarrierrec", "//go:cgo_unsafe_args", "//go:uintptrkeepalive", "//go:nocheckptr",
}

// directed reports whether a comment in the file may say that something is left alone.
func (f *file) directed() bool {
	return bytes.Contains(f.Text, []byte(ignoreDirective)) ||
		slices.ContainsFunc(pragmas, func(pragma string) bool { return bytes.Contains(f.Text, []byte(pragma)) })
}

// leftAlone gives the reason why nothing in n is probed, or "".
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

// directive is the first word of a comment.
func directive(comment string) string {
	word, _, _ := strings.Cut(strings.TrimRight(comment, "\r\n"), " ")
	return word
}

// linknames gives the names in a file that a //go:linkname directive is about.
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
