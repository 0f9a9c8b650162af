package runtime

import (
	"sync/atomic"
	"unsafe"
)

// A written is a string of the program that has been copied into the record.
type written struct {
	data *byte
	n    uint16
	off  uint32
}

// writtenNames are the last names of files and functions that were written, by the low bits of their address: sites of
// one file share them. It is not a map, because the race detector would see the map's accesses, but not the order of
// our goroutines. mu guards it.
var writtenNames [1024]written

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
	e := siteAt(n)
	e.File, e.FileLen = name(s.File)
	e.Func, e.FuncLen = name(s.Func)
	e.Expr, e.ExprLen = str(s.Expr)
	e.Obj, e.ObjLen = part(s.Obj, s.Expr, e)
	e.Callee, e.CalleeLen = name(s.Callee)
	e.Flags, e.Line, e.Col, e.Op, e.Kind, e.Cases, e.Roles = s.Flags, s.Line, s.Col, s.Op, s.Kind, s.Cases, s.Roles
	atomic.StoreUint32(&hdr.Sites, n)
	s.id = n
}

// name is str for a string that many sites share.
//
//go:norace
func name(s string) (uint32, uint16) {
	data := unsafe.StringData(s)
	w := &writtenNames[uintptr(unsafe.Pointer(data))/8%uintptr(len(writtenNames))]
	if w.data != data || int(w.n) != len(s) {
		w.data = data
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

// siteOf returns a site as the record has it, without its starts.
//
//go:norace
func siteOf(id uint32) *Site {
	e := siteAt(id)
	text := func(off uint32, n uint16) string {
		return unsafe.String((*byte)(at(base, uintptr(hdr.StrOff)<<pageShift+uintptr(off))), int(n))
	}
	return &Site{
		File: text(e.File, e.FileLen), Func: text(e.Func, e.FuncLen), Expr: text(e.Expr, e.ExprLen),
		Obj: text(e.Obj, e.ObjLen), Callee: text(e.Callee, e.CalleeLen),
		Line: e.Line, Col: e.Col, Op: e.Op, Kind: e.Kind, Cases: e.Cases, Flags: e.Flags, Roles: e.Roles, id: id,
	}
}
