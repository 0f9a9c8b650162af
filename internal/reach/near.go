package reach

import (
	"encoding/binary"
	"slices"
)

// maxNear is how many likely holders of a lock are told.
const maxNear = 8

// lockers are the functions that lock.
var lockers = []string{
	"sync.(*Mutex).Lock", "internal/sync.(*Mutex).Lock", "sync.(*Mutex).TryLock", "sync.(*RWMutex).Lock", "sync.(*RWMutex).RLock",
	"sync.(*RWMutex).TryLock", "sync.(*RWMutex).TryRLock", "sync.(*Mutex).lockSlow", "internal/sync.(*Mutex).lockSlow",
}

// near returns the goroutines that have the lock at addr, or the beginning of the object that it is in, on their stack in a function that locks,
// and do not wait for it themselves. One of them may hold it.
func (r *Result) near(addr uint64) []Near {
	if list, ok := r.nearOf[addr]; ok {
		return list
	}
	var list []Near
	if id, ok := r.m.heap.id(addr); ok {
		if r.references() != nil && (r.m.waited.has(id) || !r.m.heap.owner(id).noscan) {
			list = r.nearObject(id, addr)
		}
	} else {
		list = r.nearGlobal(addr)
	}
	if r.nearOf == nil {
		r.nearOf = make(map[uint64][]Near)
	}
	r.nearOf[addr] = list
	return list
}

// nearObject looks for goroutines that refer to the object that a lock is in.
func (r *Result) nearObject(id uint32, addr uint64) (list []Near) {
	m := r.m
	begin, _ := m.heap.place(id)
	refs := r.refs.of(id)
	for _, by := range refs[:min(len(refs), maxRefs)] {
		if by&rootFlag == 0 || len(list) >= maxNear {
			continue
		}
		root := m.roots[by&^rootFlag]
		if root.g < 0 || r.waitsAt(root.g, addr) {
			continue
		}
		if v := m.word64(root.addr); v < begin || v > addr {
			continue
		}
		list = r.addNear(list, root.g, func(f frame) bool { return root.addr >= f.sp && root.addr < f.fp+uint64(max(f.info.args, 0)) })
	}
	return list
}

// nearGlobal looks for goroutines in functions that lock and refer to a global variable.
func (r *Result) nearGlobal(addr uint64) (list []Near) {
	for i := range r.m.gs {
		g := &r.m.gs[i]
		if g.from == 0 || len(list) >= maxNear || r.waitsAt(int32(i), addr) {
			continue
		}
		list = r.addNear(list, int32(i), func(f frame) bool { return r.refersTo(f.info, addr) })
	}
	return list
}

// addNear adds a goroutine if it is in a frame of a function of the program's own that locks.
func (r *Result) addNear(list []Near, g int32, has func(frame) bool) []Near {
	id := r.m.gs[g].id
	if slices.ContainsFunc(list, func(n Near) bool { return n.Goroutine == id }) {
		return list
	}
	for _, f := range r.m.frames(&r.m.gs[g]) {
		if f.info.own && has(f) && r.locks(f.info) {
			return append(list, Near{id, f.pc})
		}
	}
	return list
}

// waitsAt reports whether a goroutine waits for the lock at addr: for one of its semaphores.
func (r *Result) waitsAt(g int32, addr uint64) bool {
	return slices.ContainsFunc(r.m.waits[g].objs, func(o waitObject) bool { return o.addr >= addr && o.addr < addr+24 })
}

// maxCode bounds the code of a function that is looked at.
const maxCode = 1 << 20

// code returns the instructions of a function.
func (r *Result) code(f *pcInfo) []byte {
	if f.mod == nil {
		return nil
	}
	i := f.entry
	end := r.m.code.end(f.entry)
	if end <= i || end-i > maxCode {
		return nil
	}
	return r.m.code.r.bytes(i, end-i)
}

// locks reports whether a function calls one of those that lock, or has one inlined.
func (r *Result) locks(f *pcInfo) bool {
	if v, ok := r.lockFuncs[f.entry]; ok {
		return v
	}
	if r.lockFuncs == nil {
		r.lockFuncs = make(map[uint64]bool)
	}
	found := false
	r.m.code.r.checked(func() {
		r.calls(f, func(target uint64) {
			info := r.m.code.at(target)
			found = found || info.entry == target && slices.Contains(lockers, info.name)
		})
	})
	r.lockFuncs[f.entry] = found
	return found
}

// calls calls visit with what may be the target of each direct call of a function. The fast path of Lock is inlined, but its slow path is a call.
func (r *Result) calls(f *pcInfo, visit func(target uint64)) {
	b := r.code(f)
	if r.m.prog.Arch == "arm64" {
		for o := 0; o+4 <= len(b); o += 4 {
			if w := le32(b[o:]); w>>26 == 0b100101 { // BL
				visit(f.entry + uint64(o) + uint64(int64(int32(w<<6)>>6)*4))
			}
		}
		return
	}
	for o := 0; o+5 <= len(b); o++ {
		if b[o] == 0xe8 { // CALL rel32
			target := f.entry + uint64(o) + 5 + uint64(int64(int32(binary.LittleEndian.Uint32(b[o+1:]))))
			if target >= f.mod.text && target < f.mod.etext {
				visit(target)
			}
		}
	}
}

// refersTo reports whether a function has the address of a variable in its code.
func (r *Result) refersTo(f *pcInfo, addr uint64) bool {
	b := r.code(f)
	if r.m.prog.Arch == "arm64" {
		return refersARM64(b, f.entry, addr)
	}
	for o := 0; o+4 <= len(b); o++ {
		at := f.entry + uint64(o) + 4 + uint64(int64(int32(le32(b[o:]))))
		// From the end of the instruction, which may have a constant of 1 or 4 bytes behind it.
		if at == addr || at+1 == addr || at+4 == addr {
			return true
		}
	}
	return false
}

// refersARM64 looks for an ADRP and an ADD that make the address.
func refersARM64(b []byte, entry, addr uint64) bool {
	for o := 0; o+8 <= len(b); o += 4 {
		w, next := le32(b[o:]), le32(b[o+4:])
		if w&0x9f000000 != 0x90000000 || next&0xff800000 != 0x91000000 {
			continue
		}
		imm := int64(int32(w>>5&0x7ffff<<2|w>>29&3)<<11>>11) << 12
		page := (entry + uint64(o)) &^ 0xfff
		if page+uint64(imm)+uint64(next>>10&0xfff) == addr {
			return true
		}
	}
	return false
}
