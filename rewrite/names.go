package rewrite

import (
	"fmt"
	"go/ast"
	"hash/fnv"
	"regexp"
	"strings"

	"github.com/awaittrace/awaittrace/rewrite/load"
)

// names is the prefix of all names that are inserted into a package, and the collector's name there.
type names string

// prefix returns _at, or _at2, _at3, … if an identifier of the package begins with that, or one in a comment: Revert
// also looks into comments, for code that somebody has put there.
func prefix(p *load.Package) names {
	var taken []string
	for _, f := range p.Files {
		if !strings.Contains(string(f.Text), "_at") {
			continue
		}
		for _, group := range f.Syntax.Comments {
			for _, c := range group.List {
				taken = append(taken, anyPrefixed.FindAllString(c.Text, -1)...)
			}
		}
		ast.Inspect(f.Syntax, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && strings.HasPrefix(id.Name, "_at") {
				taken = append(taken, id.Name)
			}
			return true
		})
	}
	for n := 2; ; n++ {
		prefix := "_at"
		if n > 2 {
			prefix = fmt.Sprintf("_at%d", n-1)
		}
		if !anyHasPrefix(taken, prefix) {
			return names(prefix)
		}
	}
}

// anyPrefixed matches what may be an identifier with our prefix.
var anyPrefixed = regexp.MustCompile(`\b_at\w*`)

func anyHasPrefix(list []string, prefix string) bool {
	for _, s := range list {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

// sites returns the name of the variable with a file's sites.
func (n names) sites(base string) string {
	h := fnv.New32a()
	h.Write([]byte(base))
	return fmt.Sprintf("%sS%08x", n, h.Sum32())
}

// call returns the beginning of a call of a probe, up to and including the site.
func (f *file) call(probe, site string) string { return fmt.Sprintf("%s.%s(%s", f.names, probe, site) }
