package rewrite

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/build/constraint"
	"go/token"
	"go/version"
	"strings"
)

// needVersion raises the language version of a file of an old module to the one that type inference at a call of a
// generic function needs. Since Go 1.21 a build constraint does that, and the compiler then takes the file
// as Go 1.21: loop variables still mean what they meant.
//
//	//go:build linux   =>   //go:build (linux) && go1.18
//	// +build linux    =>   //_at +build linux
//
// A file without a //go:build line gets one as its first line, followed by a directive that gives the next line its number. The older form of a
// constraint is put out of force, because vet wants the two to agree; if there is no other, what it says goes into the new line.
func (f *file) needVersion() {
	if !f.olderThanGenerics() {
		return
	}
	line, added := "", false
	for _, c := range f.header() {
		text := strings.TrimRight(c.Text, "\r")
		x, err := constraint.Parse(text)
		if err != nil {
			continue
		}
		if constraint.IsGoBuild(text) {
			f.replace(c.Pos(), c.Pos()+token.Pos(len(text)), fmt.Sprintf("//go:build (%s) && go1.18", x))
			added = true
		} else {
			f.replace(c.Pos(), c.Pos()+token.Pos(len(text)), "//"+string(f.names)+text[len("//"):])
			line += fmt.Sprintf("(%s) && ", x)
		}
	}
	if added {
		return
	}
	off := 0
	if bytes.HasPrefix(f.text, []byte("\ufeff")) {
		off = len("\ufeff")
	}
	f.add(off, off, opening, "//go:build "+line+"go1.18\n//line :1:1\n")
}

// header gives the comments before the package clause.
func (f *file) header() []*ast.Comment {
	var list []*ast.Comment
	for _, group := range f.syntax.Comments {
		if group.Pos() < f.syntax.Package {
			list = append(list, group.List...)
		}
	}
	return list
}

// olderThanGenerics says that the file's language version, its own or its module's, does not have generic functions.
func (f *file) olderThanGenerics() bool {
	return f.syntax.GoVersion == "" && f.pkg.lang != "" && version.Compare(f.pkg.lang, "go1.18") < 0
}
