package rewrite

import (
	"go/token"

	"github.com/awaittrace/awaittrace/rewrite/load"
	"github.com/awaittrace/awaittrace/runtime"
)

// A Cache keeps what was found in files, and the declarations of packages.
type Cache = load.Cache

// found has what file.find has set, in the form of the cache. Positions are offsets.
type found struct {
	Key     [32]byte // of everything that it depends on: see run.key
	Edits   []foundEdit
	Parts   []int // the site of each
	Sites   []foundSite
	Skipped []Skip
	Kept    map[string]string
	Already bool
	Init    bool
	Asked   []int // patterns of -probe-func that matched
}

type foundEdit struct {
	Off, End int
	Class    class
	Text     string
	Part     int
}

type foundSite struct {
	Off   int
	Op    runtime.Op
	Kind  runtime.Kind
	Cases int
	Flags uint16
	Roles uint32
	Expr  string
	Fn    string

	Obj, Callee string
}

// found returns what was found in f.
func (f *file) found(key [32]byte) *found {
	r := &found{Key: key, Skipped: f.skipped, Kept: f.kept, Already: f.already, Init: f.initCalls,
		Asked: f.io.funcs.usedOnes()}
	for _, e := range f.list {
		r.Edits = append(r.Edits, foundEdit{e.off, e.end, e.class, e.text, e.part})
	}
	for _, p := range f.parts {
		r.Parts = append(r.Parts, p.Site)
	}
	for _, s := range f.sites {
		r.Sites = append(r.Sites, foundSite{f.Tok.Offset(s.pos), s.op, s.kind, s.cases, s.flags, s.roles, s.expr, s.fn,
			s.obj, s.callee})
	}
	return r
}

// restore sets what was found in the same text before.
func (f *file) restore(r *found) {
	f.skipped, f.already, f.initCalls = r.Skipped, r.Already, r.Init
	if r.Kept != nil {
		f.kept = r.Kept
	}
	for _, e := range r.Edits {
		f.list = append(f.list, edit{e.Off, e.End, e.Class, e.Text, len(f.list), e.Part})
	}
	for _, site := range r.Parts {
		f.begin(site)
	}
	for _, s := range r.Sites {
		o := operation{pos: f.Tok.Pos(s.Off), op: s.Op, kind: s.Kind, cases: s.Cases, flags: s.Flags, roles: s.Roles,
			expr: s.Expr, obj: s.Obj, callee: s.Callee}
		f.sites = append(f.sites, site{o, s.Fn})
	}
	f.io.funcs.use(r.Asked)
}

// inText reports whether all positions are in the text. They are, unless the cache has mixed something up.
func (r *found) inText(tok *token.File) bool {
	for _, e := range r.Edits {
		if e.Off < 0 || e.End < e.Off || e.End > tok.Size() || e.Part >= len(r.Parts) {
			return false
		}
	}
	for _, s := range r.Sites {
		if s.Off < 0 || s.Off > tok.Size() {
			return false
		}
	}
	return true
}
