package rewrite

import (
	"bytes"
	"go/ast"
	"go/build/constraint"
	"go/version"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/rewrite/revert"
)

// needVersion raises the language version of a file of an old module to the one that a call of a generic function with
// type inference needs. Since Go 1.21 a build constraint does that. The compiler then takes the file as Go 1.21, in
// which loop variables are still shared by all iterations.
//
//	//go:build linux   =>   //go:build linux && go1.18
//
//	                        //awaittrace:version
//	                        //line :1:1
//	                        //awaittrace:was go:build linux
//
// The new line goes to the top, where gofmt wants it, and the directive gives the first line of the original its
// number. The old constraints are disabled, in both forms, because vet wants the two to agree. If there is a //go:build
// line, the older form does not count.
func (f *file) needVersion() {
	if !f.olderThanGenerics() {
		return
	}
	var line, older []constraint.Expr
	for _, c := range f.header() {
		text := strings.TrimRight(c.Text, "\r")
		x, err := constraint.Parse(text)
		if err != nil {
			continue
		}
		off := f.Tok.Offset(c.Pos()) + len("//")
		f.add(off, off, bare, revert.WasMark[len("//"):])
		if constraint.IsGoBuild(text) {
			line = append(line, x)
		} else {
			older = append(older, x)
		}
	}
	if line == nil {
		line = older
	}
	var all constraint.Expr = &constraint.TagExpr{Tag: "go1.18"}
	for _, x := range slices.Backward(line) {
		all = &constraint.AndExpr{X: x, Y: all}
	}
	off := 0
	if bytes.HasPrefix(f.Text, []byte("\ufeff")) {
		off = len("\ufeff")
	}
	f.add(off, off, bare, "//go:build "+all.String()+"\n\n"+revert.VersionLines)
}

// header returns the comments before the package clause.
func (f *file) header() []*ast.Comment {
	var list []*ast.Comment
	for _, group := range f.Syntax.Comments {
		if group.Pos() < f.Syntax.Package {
			list = append(list, group.List...)
		}
	}
	return list
}

// olderThanGenerics reports whether the file's language version, its own or its module's, lacks generic functions.
func (f *file) olderThanGenerics() bool {
	return f.Syntax.GoVersion == "" && f.pkg.Lang != "" && version.Compare(f.pkg.Lang, "go1.18") < 0
}
