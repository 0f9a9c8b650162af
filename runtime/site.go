package runtime

import (
	"sync/atomic"
	"unsafe"
)

// sites gives sites their numbers and copies them into the record.
type sites struct {
	// names remembers where in the record file and function names are, each at a place that the address of its bytes gives, until another
	// one needs the place. It is no map, because those tell the race detector of what they do even in a function that is not to be looked at.
	names [1024]siteName
	byID  []*Site // those with numbers from 1, for AWAITTRACE=log only
}

// A siteName is a string that is at an offset in the record.
type siteName struct {
	s   string
	off uint32
}

// register gives s its number. A site that finds no room gets SiteCap, a number that stands for none. mu is held.
//
//go:norace
func (st *sites) register(s *Site) {
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
	e := (*SiteEntry)(at(base, off))
	e.File, e.FileLen = st.name(s.File)
	e.Func, e.FuncLen = st.name(s.Func)
	e.Expr, e.ExprLen = st.str(s.Expr)
	e.Flags, e.Line, e.Col, e.Op, e.Kind, e.Cases = s.Flags, s.Line, s.Col, s.Op, s.Kind, s.Cases
	atomic.StoreUint32(&hdr.Sites, n)
	if state == stateLog {
		st.byID = append(st.byID, s)
	}
	s.id = n
}

// name is str for a string that many sites share.
//
//go:norace
func (st *sites) name(s string) (uint32, uint16) {
	known := &st.names[uintptr(unsafe.Pointer(unsafe.StringData(s)))>>3%uintptr(len(st.names))]
	if unsafe.StringData(known.s) == unsafe.StringData(s) && len(known.s) == len(s) {
		return known.off, uint16(len(s))
	}
	off, n := st.str(s)
	if n != 0 {
		*known = siteName{s, off}
	}
	return off, n
}

// str copies s into the record and returns where it is. A string that finds no room is empty.
//
//go:norace
func (st *sites) str(s string) (uint32, uint16) {
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
