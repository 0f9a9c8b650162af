package rewrite

import (
	"fmt"
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
//
// A file without a constraint gets one as its first line, followed by a directive that gives the next line its number.
func (f *file) needVersion() {
	if !f.olderThanGenerics() {
		return
	}
	// The go command ignores the older form of a constraint once there is a new one.
	var old []constraint.Expr
	for _, group := range f.syntax.Comments {
		for _, c := range group.List {
			if c.Pos() > f.syntax.Package {
				break
			}
			x, err := constraint.Parse(strings.TrimSpace(c.Text))
			if err != nil {
				continue
			}
			if constraint.IsGoBuild(c.Text) {
				f.replace(c.Pos(), c.Pos()+token.Pos(len(strings.TrimRight(c.Text, "\r"))), fmt.Sprintf("//go:build (%s) && go1.18", x))
				return
			}
			old = append(old, x)
		}
	}
	line := "//go:build "
	for _, x := range old {
		line += fmt.Sprintf("(%s) && ", x)
	}
	off := 0
	if strings.HasPrefix(string(f.text), "\ufeff") {
		off = len("\ufeff")
	}
	f.add(off, off, opening, line+"go1.18\n//line :1:1\n")
}

// olderThanGenerics says that the file's language version, its own or its module's, does not have generic functions.
func (f *file) olderThanGenerics() bool {
	return f.syntax.GoVersion == "" && f.pkg.lang != "" && version.Compare(f.pkg.lang, "go1.18") < 0
}
