package reach

import (
	"debug/dwarf"
	"encoding/binary"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// maxNear bounds the likely holders of a lock.
const maxNear = 8

// lockers are the functions that lock, and unlockers those that unlock.
var (
	lockers = []string{
		"sync.(*Mutex).Lock", "internal/sync.(*Mutex).Lock", "sync.(*Mutex).TryLock", "sync.(*RWMutex).Lock",
		"sync.(*RWMutex).RLock",
		"sync.(*RWMutex).TryLock", "sync.(*RWMutex).TryRLock", "sync.(*Mutex).lockSlow",
		"internal/sync.(*Mutex).lockSlow",
		"sync.runtime_SemacquireRWMutexR",
	}
	unlockers = []string{
		"sync.(*Mutex).Unlock", "internal/sync.(*Mutex).Unlock", "sync.(*RWMutex).Unlock", "sync.(*RWMutex).RUnlock",
		"sync.(*Mutex).unlockSlow",
		"internal/sync.(*Mutex).unlockSlow", "sync.(*RWMutex).rUnlockSlow",
	}
)

// near returns the goroutines that have a pointer to the lock at addr, or to a value with it, on their stack in a
// function that locks or unlocks. One of them may hold it. If there is none, near returns those that wait for it and
// also have it in an outer function, which locks and does not unlock before.
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
	waits := func(n Near) bool {
		g, ok := r.goroutine(n.Goroutine)
		return ok && r.waitsAt(g, addr)
	}
	if slices.ContainsFunc(list, func(n Near) bool { return !waits(n) }) {
		list = slices.DeleteFunc(list, waits)
	}
	list = list[:min(len(list), maxNear)]
	if r.nearOf == nil {
		r.nearOf = make(map[uint64][]Near)
	}
	r.nearOf[addr] = list
	return list
}

// An onceCall is a call of snapshot.DoSlow on a stack, with the words of its frame.
type onceCall struct {
	g      int32
	caller uint64 // the pc of the function that called Do
	outer  bool   // the goroutine is in another one further in
	words  []byte
}

// runs returns the goroutine that runs the function of the Once at addr. It is in doSlow, and does not wait there.
func (r *Result) runs(addr uint64) []Near {
	if r.onceCalls == nil {
		r.onceCalls = r.findOnceCalls()
	}
	for _, c := range r.onceCalls {
		if !c.outer && r.waitsAt(c.g, addr) {
			continue
		}
		for b := c.words; len(b) >= 8; b = b[8:] {
			if v := le64(b); v >= addr && v < addr+onceSize { // the Once, or its Mutex
				return []Near{{r.m.gs[c.g].id, c.caller}}
			}
		}
	}
	return nil
}

// onceSize is the size of a sync.Once, in bytes, in every version of Go so far.
const onceSize = 12

// findOnceCalls returns the calls of doSlow on the stacks that were copied. The list is not nil.
func (r *Result) findOnceCalls() []onceCall {
	list := []onceCall{}
	for i := range r.m.gs {
		g := &r.m.gs[i]
		if !g.copied() {
			continue
		}
		frames, outer := r.m.frames(g), false
		for k, f := range frames[:max(len(frames)-1, 0)] {
			if f.info.name == snapshot.DoSlow && f.sp >= g.from() && f.end() <= g.hi() {
				words := r.m.stack(g)[f.sp-g.from() : f.end()-g.from()]
				list = append(list, onceCall{int32(i), r.callerOfDo(frames[k+1:]), outer, words})
				outer = true
			}
		}
	}
	return list
}

// callerOfDo returns the pc of the first of some frames that called Do, or what sync.OnceFunc and its like returned.
func (r *Result) callerOfDo(frames []frame) uint64 {
	for _, f := range frames {
		if at := r.frameAt(f.pc); !isRuntime(at.Func) && !snapshot.OnceFunc(at.File) {
			return f.pc
		}
	}
	return frames[0].pc
}

// nearObject looks for goroutines that have a pointer to the lock at addr, or to a value with it, in object id.
func (r *Result) nearObject(id uint32, addr uint64) (list []Near) {
	m := r.m
	refs := r.refs.of(id)
	var words []root // those of stacks that lead to the lock, or to something before it in the object
	begin, _ := m.heap.place(id)
	for _, by := range refs[:min(len(refs), maxRefs)] {
		if by&rootFlag == 0 {
			continue
		}
		w := m.roots.at(by &^ rootFlag)
		if v := m.word64(w.addr); w.g >= 0 && v >= begin && v <= addr {
			words = append(words, w)
		}
	}
	start := r.startOf(id, addr, words)
	for _, w := range words {
		if v := m.word64(w.addr); v == addr || r.pointsAround(w, v, addr, start) {
			list = r.addNear(list, w.g, addr, func(f frame) bool { return f.has(w.addr) })
		}
	}
	return list
}

// startOf returns where the value begins that has the lock at addr, in object id; zero: that is not known, since the
// object may have several values. words are the pointers of stacks to the lock or to what is before it.
func (r *Result) startOf(id uint32, addr uint64, words []root) uint64 {
	m := r.m
	begin, _ := m.heap.place(id)
	if typ, first := m.typeOf(m.heap.owner(id), m.heap.contents(id)); typ != 0 {
		if size := m.code.r.u64(typ + uint64(m.o.typeSize.Off)); size > 0 && addr >= begin+uint64(first) {
			return addr - (addr-begin-uint64(first))%size
		}
	}
	if slices.ContainsFunc(words, func(w root) bool {
		v := m.word64(w.addr)
		return v > begin && v < addr
	}) {
		return 0
	}
	return begin
}

// pointsAround reports whether a word of a stack with the value v points to a value that has the lock at addr: by the
// type of the variable that it is in, else by where the value with the lock begins, unless it is the word of a slice.
func (r *Result) pointsAround(w root, v, addr, start uint64) bool {
	if _, typ, at, _ := r.local(w.g, w.addr); typ != nil {
		if l, ok := leafAt(typ, int64(w.addr-at)); ok {
			switch u := underlying(l.typ).(type) {
			case *dwarf.PtrType:
				if size := u.Type.Size(); size > 0 {
					return addr-v < uint64(size)
				}
			case *dwarf.StructType:
				if isSlice(u) {
					return false
				}
			}
		}
	}
	return v == start
}

// nearGlobal looks for goroutines in functions that refer to a global variable, or have a pointer to a value with it.
func (r *Result) nearGlobal(addr uint64) (list []Near) {
	starts := r.startsAround(addr)
	for _, g := range r.mayHold() {
		words := r.wordsWith(g, starts)
		list = r.addNear(list, g, addr, func(f frame) bool {
			return r.refersTo(f.info, addr) || slices.ContainsFunc(words, f.has)
		})
	}
	return list
}

// mayHold returns the goroutines in a function of the program's own that locks something. They are few, so that each
// lock does not need a look at every stack.
func (r *Result) mayHold() []int32 {
	if r.holders == nil {
		r.holders = []int32{}
		for i := range r.m.gs {
			g := &r.m.gs[i]
			if g.copied() && slices.ContainsFunc(r.m.frames(g),
				func(f frame) bool { return f.info.own && len(r.lockCalls(f.info)) > 0 }) {
				r.holders = append(r.holders, int32(i))
			}
		}
	}
	return r.holders
}

// wordsWith returns where a stack has pointers with one of some values.
func (r *Result) wordsWith(g int32, values []uint64) (list []uint64) {
	some := false
	for b := r.m.stack(&r.m.gs[g]); len(b) >= 8 && !some; b = b[8:] {
		some = slices.Contains(values, le64(b))
	}
	if some { // of which the maps of the stack may know that they are in no use
		r.m.reaches(g, func(at, val uint64) {
			if slices.Contains(values, val) {
				list = append(list, at)
			}
		})
	}
	return list
}

// startsAround returns where the values begin that have the lock at addr, which is not in the heap: itself, the struct
// that it is a field of, and so on, but no array, of which other elements may have a lock, too.
func (r *Result) startsAround(addr uint64) []uint64 {
	starts := []uint64{addr}
	t := r.m.prog.typeTable()
	if t == nil {
		return starts
	}
	v, typ := t.variable(addr - r.m.bias)
	off := int64(addr - r.m.bias - v.addr)
	if typ == nil {
		p, ok := r.staticAt(addr)
		if !ok {
			return starts
		}
		typ, off = p.typ, int64(addr-p.addr)%max(p.typ.Size(), 1)
	}
	for off > 0 {
		switch u := underlying(typ).(type) {
		case *dwarf.StructType:
			starts = append(starts, addr-uint64(off))
			i := slices.IndexFunc(u.Field, func(f *dwarf.StructField) bool {
				return off >= f.ByteOffset && off < f.ByteOffset+f.Type.Size()
			})
			if i < 0 {
				return starts
			}
			typ, off = u.Field[i].Type, off-u.Field[i].ByteOffset
		case *dwarf.ArrayType:
			if typ, off = u.Type, off%max(u.Type.Size(), 1); typ == nil {
				return starts
			}
		default:
			return starts
		}
	}
	return starts
}

// addNear adds a goroutine if it is in a frame of a function of the program's own that has the lock at addr, and may
// have locked it.
func (r *Result) addNear(list []Near, g int32, addr uint64, has func(frame) bool) []Near {
	id := r.m.gs[g].id
	if slices.ContainsFunc(list, func(n Near) bool { return n.Goroutine == id }) {
		return list
	}
	waits, outer := r.waitsAt(g, addr), false
	for _, f := range r.m.frames(&r.m.gs[g]) {
		if !f.info.own {
			continue
		}
		if waits && !outer { // the frame that waits
			outer = true
			continue
		}
		if !has(f) {
			continue
		}
		if c := r.lockCalls(f.info); !waits && len(c) > 0 || waits && holding(c, f.pc) {
			return append(list, Near{id, f.pc})
		}
	}
	return list
}

// holding reports whether the calls of a function before pc are more to lock than to unlock.
func holding(calls []lockCall, pc uint64) bool {
	n := 0
	for _, c := range calls {
		if c.pc < pc {
			n += c.locks
		}
	}
	return n > 0
}

// waitsAt reports whether a goroutine waits for the lock at addr: for one of its semaphores.
func (r *Result) waitsAt(g int32, addr uint64) bool {
	return slices.ContainsFunc(r.m.objs(g), func(o waitObject) bool { return o.addr >= addr && o.addr < addr+24 }) &&
		r.lock(g).Addr == addr
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

// A lockCall is a call by which a function locks, or unlocks, something. It returns to pc.
type lockCall struct {
	pc    uint64
	locks int // 1, or -1 if it unlocks
}

// lockCalls returns the calls of a function that lock or unlock, themselves or by a function that does nothing else of
// the two. What is inlined of these has a call for its slow path.
func (r *Result) lockCalls(f *pcInfo) []lockCall {
	list, ok := r.lockFuncs[f.entry]
	if !ok {
		if r.lockFuncs == nil {
			r.lockFuncs = make(map[uint64][]lockCall)
		}
		r.m.code.r.checked(func() { list = r.findLockCalls(f, true) })
		r.lockFuncs[f.entry] = list
	}
	return list
}

func (r *Result) findLockCalls(f *pcInfo, deep bool) (list []lockCall) {
	r.calls(f, func(ret, target uint64) {
		info := r.m.code.at(target)
		switch {
		case info.entry != target:
		case slices.Contains(lockers, info.name):
			list = append(list, lockCall{ret, 1})
		case slices.Contains(unlockers, info.name):
			list = append(list, lockCall{ret, -1})
		case deep && info.own:
			if n := r.wraps(info); n != 0 {
				list = append(list, lockCall{ret, n})
			}
		}
	})
	return list
}

// wraps returns 1 for a function that locks for its caller, and -1 for one that unlocks.
func (r *Result) wraps(f *pcInfo) int {
	n := 0
	for i, c := range r.findLockCalls(f, false) {
		if i > 0 && c.locks != n {
			return 0
		}
		n = c.locks
	}
	if n > 0 {
		r.calls(f, func(_, target uint64) {
			if r.m.code.name(target) == "runtime.deferreturn" { // it unlocks when it returns
				n = 0
			}
		})
	}
	return n
}

// calls calls visit with where each direct call of a function returns to, and what may be its target.
func (r *Result) calls(f *pcInfo, visit func(ret, target uint64)) {
	b := r.code(f)
	if r.m.prog.Arch == "arm64" {
		for o := 0; o+4 <= len(b); o += 4 {
			if w := le32(b[o:]); w>>26 == 0b100101 { // BL
				visit(f.entry+uint64(o)+4, f.entry+uint64(o)+uint64(int64(int32(w<<6)>>6)*4))
			}
		}
		return
	}
	for o := 0; o+5 <= len(b); o++ {
		if b[o] == 0xe8 { // CALL rel32
			target := f.entry + uint64(o) + 5 + uint64(int64(int32(binary.LittleEndian.Uint32(b[o+1:]))))
			if target >= f.mod.text && target < f.mod.etext {
				visit(f.entry+uint64(o)+5, target)
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
