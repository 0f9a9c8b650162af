package load

import (
	"bytes"
	"crypto/sha256"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// A Listing is what the go command has told of a build: its packages, and where the export data of others is. It is
// plain data. A later List and Each with it give what they would without, unless something else has changed than code
// that Head does not cover.
type Listing struct {
	Packages []listed // imports first
	Named    []string // by ID
	Modules  []*packages.Module
	Exports  map[string]string // by import path
}

// listed is the part of a packages.Package that is needed here.
type listed struct {
	ID, PkgPath, Name, Dir          string
	ForTest                         string            `json:",omitempty"`
	GoFiles, OtherFiles, EmbedFiles []string          `json:",omitempty"` // relative to Dir, unless they are elsewhere
	Imports                         []string          `json:",omitempty"` // by ID
	Renamed                         map[string]string `json:",omitempty"` // import paths that are not IDs, with their IDs
	Module                          int               `json:",omitempty"` // from 1, in Listing.Modules; 0: none
	Sum                             []byte            `json:",omitempty"` // node.sum, if it was checked from source
}

// listing returns what the go command has told List and Each: Config.Listing itself if nothing is new.
func (b *Build) listing() *Listing {
	if b.graph.asListed() {
		return b.cfg.Listing
	}
	l := &Listing{Exports: b.exported}
	modules := map[*packages.Module]int{}
	packages.Visit(b.named, nil, func(p *packages.Package) {
		one := listed{ID: p.ID, PkgPath: p.PkgPath, Name: p.Name, Dir: p.Dir, ForTest: p.ForTest,
			GoFiles: relative(p.Dir, p.GoFiles), OtherFiles: relative(p.Dir, p.OtherFiles),
			EmbedFiles: relative(p.Dir, p.EmbedFiles)}
		for path, imported := range p.Imports {
			if path == imported.ID {
				one.Imports = append(one.Imports, path)
				continue
			}
			if one.Renamed == nil {
				one.Renamed = map[string]string{}
			}
			one.Renamed[path] = imported.ID
		}
		slices.Sort(one.Imports)
		if p.Module != nil {
			if modules[p.Module] == 0 {
				l.Modules = append(l.Modules, p.Module)
				modules[p.Module] = len(l.Modules)
			}
			one.Module = modules[p.Module]
		}
		if n := b.graph.nodes[p]; n != nil {
			one.Sum = n.sum[:]
		}
		l.Packages = append(l.Packages, one)
	})
	for _, p := range b.named {
		l.Named = append(l.Named, p.ID)
	}
	return l
}

// sums returns the sums of the packages that were checked from source, by ID.
func (l *Listing) sums() map[string][sha256.Size]byte {
	sums := map[string][sha256.Size]byte{}
	for _, one := range l.Packages {
		if len(one.Sum) == sha256.Size {
			sums[one.ID] = [sha256.Size]byte(one.Sum)
		}
	}
	return sums
}

// packages returns the packages of the patterns, with all that they import.
func (l *Listing) packages() []*packages.Package {
	all := make(map[string]*packages.Package, len(l.Packages))
	for _, one := range l.Packages {
		p := &packages.Package{ID: one.ID, PkgPath: one.PkgPath, Name: one.Name, Dir: one.Dir, ForTest: one.ForTest,
			GoFiles: joined(one.Dir, one.GoFiles), OtherFiles: joined(one.Dir, one.OtherFiles),
			EmbedFiles: joined(one.Dir, one.EmbedFiles),
			Imports:    make(map[string]*packages.Package, len(one.Imports)+len(one.Renamed))}
		if one.Module > 0 {
			p.Module = l.Modules[one.Module-1]
		}
		for _, id := range one.Imports {
			p.Imports[id] = all[id]
		}
		for path, id := range one.Renamed {
			p.Imports[path] = all[id]
		}
		all[p.ID] = p
	}
	var named []*packages.Package
	for _, id := range l.Named {
		named = append(named, all[id])
	}
	return named
}

// exports returns the files with the export data of packages. It is not ok if it does not know all of them, or one is
// gone.
func (l *Listing) exports(missing map[string]*packages.Package) (files map[string]string, ok bool) {
	if l == nil {
		return nil, false
	}
	files = make(map[string]string, len(missing))
	for path := range missing {
		name := l.Exports[path]
		if info, err := os.Stat(name); err != nil || info.Size() == 0 {
			return nil, false
		}
		files[path] = name
	}
	return files, true
}

// relative returns names relative to dir, where they are in it.
func relative(dir string, names []string) (list []string) {
	for _, name := range names {
		list = append(list, strings.TrimPrefix(name, dir+string(filepath.Separator)))
	}
	return list
}

// joined is the inverse of relative.
func joined(dir string, names []string) (list []string) {
	for _, name := range names {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		list = append(list, name)
	}
	return list
}

// Head returns a hash of what the go command reads of a Go file to list packages: all up to the end of the imports, and
// the lines that name embedded files. It is not ok for a file that does not parse so far.
func Head(text []byte) (sum [sha256.Size]byte, ok bool) {
	fset := token.NewFileSet()
	syntax, err := parser.ParseFile(fset, "", text, parser.ImportsOnly|parser.SkipObjectResolution)
	if err != nil {
		return sum, false
	}
	return headOf(fset.File(syntax.FileStart), syntax, text), true
}

// headOf is Head of a file that is parsed.
func headOf(file *token.File, syntax *ast.File, text []byte) [sha256.Size]byte {
	end := syntax.Name.End()
	for _, d := range syntax.Decls {
		if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.IMPORT {
			end = max(end, d.End())
		}
	}
	h := sha256.New()
	h.Write(text[:file.Offset(end)])
	for rest := text[file.Offset(end):]; ; {
		_, after, ok := bytes.Cut(rest, []byte("//go:embed"))
		if !ok {
			return [sha256.Size]byte(h.Sum(nil))
		}
		line, _, _ := bytes.Cut(after, []byte("\n"))
		h.Write([]byte("\n//go:embed"))
		h.Write(line)
		rest = after
	}
}
