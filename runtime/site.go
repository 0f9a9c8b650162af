package runtime

import (
	"sync/atomic"
	"unsafe"
)

// A source is what the record has of a site besides numbers.
type source struct {
	file, fn, expr string
	// callee is that of an I/O operation, or, in the record only, the callers of an OpGo site: see callers.
	callee string
	obj    string // for a select, one line for each case
}

// source returns the texts of a site. Somebody may have edited the sites in an instrumented tree: then the texts may be
// wrong, but they are always parts of Text. A site without an Op has lost its line, and has none.
//
//go:norace
func (s *Site) source() source {
	if s.Op == 0 {
		return source{}
	}
	all := (*Site)(at(unsafe.Pointer(s), -uintptr(s.Index)*unsafe.Sizeof(*s))).File
	if all == nil {
		return source{}
	}
	begin := int(min(s.Text, uint32(len(all.Text))))
	from := source{file: all.Name}
	for end := begin; end > 0; {
		start := end - 1
		for start > 0 && all.Text[start-1] != '\n' {
			start--
		}
		if all.Text[start] != '\t' {
			from.fn = all.Text[start : end-1]
			break
		}
		end = start
	}
	line, _ := cut(all.Text[begin:], '\n')
	_, line = cut(line, '\t')
	from.expr, line = cut(line, '\t')
	from.callee, line = cut(line, '\t')
	from.obj = line
	if s.Cases > 1 {
		objs := []byte(line)
		for i, c := range objs {
			if c == '\t' {
				objs[i] = '\n'
			}
		}
		from.obj = string(objs)
	}
	return from
}

// cut returns s up to the first c, and what is after it.
//
//go:norace
func cut(s string, c byte) (before, after string) {
	for i := 0; i < len(s); i++ {
		if s[i] == c {
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

// writtenNames are the places of the last names of files, functions and callees that were written into the record, by
// the low bits of their hash: many sites share them. It is not a map, because the race detector would see the map's
// accesses, but not the order of our goroutines. mu guards it.
var writtenNames [1024]struct {
	off uint32
	n   uint16
}

// register gives s its number and copies it into the record. A site that finds no room gets SiteCap, which stands for
// no number. mu is held.
//
//go:norace
func register(s *Site) {
	if s.id != 0 {
		return
	}
	n := hdr.Sites + 1
	off := uintptr(hdr.SiteOff)<<pageShift + uintptr(n)*SiteSize
	if n >= hdr.SiteCap || !entries.has(off+SiteSize) {
		hdr.DroppedSites++
		s.id = hdr.SiteCap
		return
	}
	e, from := siteAt(n), s.source()
	e.File, e.FileLen = name(from.file)
	e.Func, e.FuncLen = name(from.fn)
	e.Expr, e.ExprLen = str(from.expr)
	e.Obj, e.ObjLen = part(from.obj, from.expr, e)
	e.Callee, e.CalleeLen = name(from.callee)
	e.Flags, e.Line, e.Col, e.Op, e.Kind, e.Cases, e.Roles = s.Flags, s.Line, s.Col, s.Op, s.Kind, s.Cases, s.Roles
	atomic.StoreUint32(&hdr.Sites, n)
	s.id = n
}

// name is str for a string that many sites share.
//
//go:norace
func name(s string) (uint32, uint16) {
	hash := uint32(2166136261) // FNV-1a
	for i := 0; i < len(s); i++ {
		hash = (hash ^ uint32(s[i])) * 16777619
	}
	w := &writtenNames[hash%uint32(len(writtenNames))]
	if textAt(w.off, w.n) != s {
		w.off, w.n = str(s)
	}
	return w.off, w.n
}

// part is str for a string that may be the beginning or the end of expr, which e has already.
//
//go:norace
func part(s, expr string, e *SiteEntry) (uint32, uint16) {
	switch n := len(expr) - len(s); {
	case s == "" || n < 0 || int(e.ExprLen) != len(expr):
	case expr[:len(s)] == s:
		return e.Expr, uint16(len(s))
	case expr[n:] == s:
		return e.Expr + uint32(n), uint16(len(s))
	}
	return str(s)
}

// str copies s into the record and returns its place. A string that finds no room becomes empty.
//
//go:norace
func str(s string) (uint32, uint16) {
	s = s[:min(len(s), 1<<16-1)]
	off := hdr.StrLen
	start := uintptr(hdr.StrOff)<<pageShift + uintptr(off)
	if s == "" || uint64(off)+uint64(len(s)) > uint64(hdr.StrCap) || !names.has(start+uintptr(len(s))) {
		return 0, 0
	}
	copy(unsafe.Slice((*byte)(at(base, start)), len(s)), s)
	atomic.StoreUint32(&hdr.StrLen, off+uint32(len(s)))
	return off, uint16(len(s))
}

//go:norace
func siteAt(id uint32) *SiteEntry {
	return (*SiteEntry)(at(base, uintptr(hdr.SiteOff)<<pageShift+uintptr(id)*SiteSize))
}

// textAt returns a string of the record.
//
//go:norace
func textAt(off uint32, n uint16) string {
	return unsafe.String((*byte)(at(base, uintptr(hdr.StrOff)<<pageShift+uintptr(off))), int(n))
}
