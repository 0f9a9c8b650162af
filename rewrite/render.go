package rewrite

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"github.com/awaittrace/awaittrace/rewrite/load"
	"github.com/awaittrace/awaittrace/rewrite/revert"
)

// add counts what was done to the files of one package.
func (r *Result) add(files []*file) {
	for _, group := range groups(files) {
		host(group)
	}
	for _, f := range files {
		r.Skipped = append(r.Skipped, f.skipped...)
		if f.already {
			r.Already = append(r.Already, f.Name)
		}
	}
}

// render renders the files that differ from the original.
func (r *Result) render(files []*file) error {
	files = slices.DeleteFunc(slices.Clone(files), func(f *file) bool { return len(f.list) == 0 })
	texts, errs := make([][]byte, len(files)), make([]error, len(files))
	inParallel(len(files), func(i int) { texts[i], errs[i] = files[i].render() })
	for i, f := range files {
		if errs[i] != nil {
			return errs[i]
		}
		r.Files = append(r.Files, File{f.Name, texts[i], sha256.Sum256(f.Text), f.spans, f.counted()})
		if f.unformatted {
			r.Unformatted = append(r.Unformatted, f.Name)
		}
	}
	return nil
}

// counted counts the sites of a file by the names of their operations.
func (f *file) counted() map[string]int {
	var sites map[string]int
	for _, s := range f.sites {
		if sites == nil {
			sites = map[string]int{}
		}
		sites[s.op.String()]++
	}
	return sites
}

func (r *Result) sort() {
	slices.SortFunc(r.Files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(r.Skipped, func(a, b Skip) int {
		return cmp.Or(cmp.Compare(a.Pos.Filename, b.Pos.Filename), cmp.Compare(a.Pos.Offset, b.Pos.Offset))
	})
	slices.SortFunc(r.Left, func(a, b load.Left) int { return cmp.Compare(a.Package, b.Package) })
	slices.Sort(r.Already)
	slices.Sort(r.Unformatted)
}

// groups splits the files of a package that can be changed into those of the package itself and its test files.
func groups(files []*file) [][]*file {
	var plain, tests []*file
	for _, f := range files {
		if f.already {
			continue
		}
		if f.Test {
			tests = append(tests, f)
		} else {
			plain = append(plain, f)
		}
	}
	return [][]*file{plain, tests}
}

// host places the sites of a group of files: those of each at the end of it, or those of all in the first file,
// before its first variable.
//
// The sites of a file are a package variable. A variable whose initializer reaches a probe, directly or through
// functions, depends on it. By the language's order of initialization, such a variable comes after all variables that
// are declared before the sites and depend on nothing. Sites before all other variables change nothing.
func host(files []*file) {
	if !slices.ContainsFunc(files, func(f *file) bool { return f.initCalls }) {
		for _, f := range files {
			if len(f.sites) > 0 {
				f.tail = append(f.tail, f.siteDecl())
			}
		}
		return
	}
	first := files[0]
	if first.Embedded {
		for _, f := range files {
			f.drop(afterEmbedded)
		}
		return
	}
	for _, f := range files {
		if len(f.sites) > 0 {
			first.hosted = append(first.hosted, f.siteDecl())
		}
	}
	if len(first.hosted) > 0 {
		end := first.Tok.Offset(first.importsEnd())
		first.list = append(first.list, edit{end, end, opening, inLine(first.hosted), 0, noPart})
	}
}

// inLine returns declarations of sites on one line.
func inLine(decls []string) string {
	text := strings.ReplaceAll("; "+strings.Join(decls, "; "), "\t", "") // which indent, and are quoted elsewhere
	return strings.NewReplacer("{\n", "{", ",\n}", "}", "\n", " ").Replace(text)
}

// callsInInit reports whether the initializer of a package variable in the file has a probe or names a function of the
// package, and so may reach a probe.
func (f *file) callsInInit() bool {
	return slices.ContainsFunc(f.Syntax.Decls, func(d ast.Decl) bool {
		g, ok := d.(*ast.GenDecl)
		return ok && g.Tok == token.VAR && f.mayCall(g)
	})
}

func (f *file) mayCall(d *ast.GenDecl) bool {
	for _, s := range f.sites {
		if d.Pos() <= s.pos && s.pos < d.End() {
			return true
		}
	}
	found := false
	ast.Inspect(d, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			fn, ok := f.pkg.Info.Uses[id].(*types.Func)
			found = found || ok && fn.Pkg() == f.pkg.Types
		}
		return !found
	})
	return found
}

// importsEnd returns the end of the last import declaration, or of the package clause.
func (f *file) importsEnd() token.Pos {
	end := f.Syntax.Name.End()
	for _, d := range f.Syntax.Decls {
		if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.IMPORT {
			end = g.End()
		}
	}
	return end
}

// render adds the import, the language version and the end of the file, and applies all edits.
func (f *file) render() ([]byte, error) {
	name := f.Tok.Offset(f.Syntax.Name.End())
	// The seq of -1 puts it before what host wrote at the same offset.
	f.list = append(f.list, edit{name, name, opening,
		fmt.Sprintf("; import %s %s", f.names, strconv.Quote(f.cfg.RuntimePath)), -1, noPart})
	f.needVersion()
	out, err := f.splice(f.cfg.Revertible)
	if err != nil {
		return nil, err
	}
	if f.cfg.Revertible {
		return f.treeText(out)
	}
	if f.cfg.Spans {
		f.spans = out.kept
	}
	return f.appendTail(out.text), nil
}

// treeText returns the text of a file in a tree. It has reverted the text once, so the probes can be taken out again.
func (f *file) treeText(out *spliced) ([]byte, error) {
	var flags []string
	if formatted(f.Text) {
		text, err := out.layout(f.Text, f.section(revert.FlagGofmt, revert.FlagLines))
		if err == nil && f.reverts(text) {
			return text, nil
		}
		f.unformatted, flags = true, []string{revert.FlagGofmt}
	}
	text := append(out.text, f.section(flags...)...)
	if !f.reverts(text) {
		return nil, fmt.Errorf("%s: the probes could not be removed again; please report this, and exclude the file",
			f.Name)
	}
	return text, nil
}

// section returns the end of the file in a tree.
func (f *file) section(flags ...string) []byte {
	return revert.Section(f.Text, string(f.names), f.sitesName(), f.parts, sortedValues(f.kept), f.tail, flags...)
}

func (f *file) reverts(text []byte) bool {
	back, err := revert.Text(text)
	return err == nil && bytes.Equal(back, f.Text)
}

// appendTail appends the end of a file of an overlay.
func (f *file) appendTail(text []byte) []byte {
	tail := append(f.tail, sortedValues(f.kept)...)
	if len(tail) == 0 {
		return text
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	return fmt.Appendf(text, "\n%s\n", strings.Join(tail, "\n"))
}

func sortedValues(m map[string]string) []string {
	values := make([]string, 0, len(m))
	for _, v := range m {
		values = append(values, v)
	}
	slices.Sort(values)
	return values
}

// instrumented reports whether probes were put into the file before.
func (f *file) instrumented() bool { return revert.Instrumented(f.Text) }
