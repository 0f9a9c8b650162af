package reach

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"strings"
)

// A program that was linked without symbols, as by go test and -ldflags=-s, still has its variables, and the names of
// its functions. A finder finds the variables: the first module by its first words, the names of wait reasons by their
// text, and the others by the functions that use them: the variable that all of them refer to, and that looks right.
type finder struct {
	src      Source
	prog     *Program
	o        *offsets
	bias     uint64
	writable [][2]uint64
	r        *reader
	funcs    map[string][2]uint64
	refs     map[string][]reference
}

// A sought is a variable that is found by its users.
type sought struct {
	name  string
	users []string
	// read says that the users read or write the variable, rather than take its address.
	read  bool
	check func(f *finder, addr uint64) bool
}

var soughts = []sought{
	{"runtime.mheap_", []string{"runtime.mallocinit"}, false, (*finder).isMheap},
	{"runtime.allgs", []string{"runtime.allgadd", "runtime.forEachG"}, false, (*finder).isAllgs},
	{"runtime.allm", []string{"runtime.mcommoninit", "runtime.mexit"}, false, (*finder).isAllm},
	{"runtime.allp", []string{"runtime.procresize", "runtime.preemptall"}, false, (*finder).isAllp},
	{"runtime.semtable", []string{"runtime.semacquire1", "runtime.semrelease1"}, false, (*finder).isSemtable},
	{"runtime.allfin", []string{"runtime.queuefinalizer", "runtime.markroot"}, true, (*finder).isAllfin},
	{"runtime.gcCleanups", []string{"runtime.freeSpecial", "runtime.(*activeSweep).end"}, false, (*finder).isCleanups},
}

// findAddresses adds to a what is missing there. bias is what was added to addresses when the program was loaded.
func findAddresses(src Source, prog *Program, o *offsets, bias uint64, a *Addresses) error {
	f := &finder{src: src, prog: prog, o: o, bias: bias, r: newReader(src), refs: make(map[string][]reference)}
	for _, w := range prog.writable {
		f.writable = append(f.writable, [2]uint64{w[0] + bias, w[1] + bias})
	}
	if a.Firstmoduledata == 0 {
		if a.Firstmoduledata = f.findModule(); a.Firstmoduledata == 0 {
			return fmt.Errorf("the program's %s cannot be found", "runtime.firstmoduledata")
		}
	}
	modules, err := readModules(f.r, o, a.Firstmoduledata)
	if err != nil {
		return err
	}
	if a.WaitReasonStrings == 0 {
		a.WaitReasonStrings = f.findReasons()
	}
	f.findFuncs(&modules[0])
	for _, s := range soughts {
		if p := a.byName()[s.name]; *p == 0 && needed(prog.Layout, s.name) {
			for range seeks { // the program runs: what is read of it may be of different moments
				if *p = f.seek(s); *p != 0 {
					break
				}
				f.r = newReader(src)
			}
		}
	}
	return nil
}

// seeks is how often the finder tries to find a variable.
const seeks = 20

// needed reports whether a runtime of that layout has the variable.
func needed(l *Layout, name string) bool {
	if name == "runtime.gcCleanups" {
		_, ok := l.Fields["cleanupQueue.all"]
		return ok
	}
	return true
}

// seek returns the only variable that all users of s refer to, and that looks as it should; zero if there is none, or
// several.
func (f *finder) seek(s sought) (found uint64) {
	for _, addr := range f.commonRefs(s) {
		ok := false
		if f.r.checked(func() { ok = s.check(f, addr) }) && ok {
			if found != 0 {
				return 0
			}
			found = addr
		}
	}
	return found
}

// commonRefs returns the addresses that all users of s refer to.
func (f *finder) commonRefs(s sought) (list []uint64) {
	for i, user := range s.users {
		var of []uint64
		for _, r := range f.refsOf(user) {
			if (r.read || !s.read) && (i == 0 || slices.Contains(list, r.addr)) {
				of = append(of, r.addr)
			}
		}
		list = of
	}
	return slices.Compact(list)
}

// A reference is one of code to a variable.
type reference struct {
	addr uint64
	read bool // and not only its address
}

// findFuncs finds where the users are.
func (f *finder) findFuncs(m *module) {
	names := make(map[string]bool)
	for _, s := range soughts {
		for _, user := range s.users {
			names[user] = true
		}
	}
	names["runtime.markroot"] = true
	f.funcs = make(map[string][2]uint64)
	for i := 0; i+1 < len(m.funcs)/8 && len(f.funcs) < len(names); i++ {
		at := m.pclntable + uint64(le32(m.funcs[i*8+4:]))
		if name := f.r.cstring(m.funcnametab + uint64(f.r.u32(at+funcName))); names[name] {
			f.funcs[name] = [2]uint64{m.text + uint64(le32(m.funcs[i*8:])), m.text + uint64(le32(m.funcs[i*8+8:]))}
		}
	}
}

// maxFunction bounds the size of a function.
const maxFunction = 1 << 18

// refsOf returns what a function refers to among the variables, sorted by address.
func (f *finder) refsOf(fn string) []reference {
	if list, ok := f.refs[fn]; ok {
		return list
	}
	where := f.funcs[fn]
	var list []reference
	if n := where[1] - where[0]; n > 0 && n <= maxFunction {
		code := f.r.bytes(where[0], n)
		visit := func(r reference) {
			if r.addr%8 == 0 && f.isWritable(r.addr) {
				list = append(list, r)
			}
		}
		if f.prog.Arch == "arm64" {
			referencesARM64(code, where[0], visit)
		} else {
			referencesAMD64(code, where[0], visit)
		}
	}
	slices.SortFunc(list, func(a, b reference) int { return cmp.Compare(a.addr, b.addr) })
	f.refs[fn] = list
	return list
}

func (f *finder) isWritable(addr uint64) bool {
	return slices.ContainsFunc(f.writable, func(w [2]uint64) bool { return addr >= w[0] && addr < w[1] })
}

// eachWord calls visit for the words of the program's variables, until it returns false.
func (f *finder) eachWord(visit func(addr, val uint64) bool) {
	const step = 1 << 20
	b := make([]byte, step)
	for _, w := range f.writable {
		for at := (w[0] + 7) &^ 7; at+8 <= w[1]; at += step {
			n := min(step, (w[1]-at)&^7)
			if f.src.ReadMemory(b[:n], at) != nil {
				continue
			}
			for i := uint64(0); i < n; i += 8 {
				if v := le64(b[i:]); v != 0 && !visit(at+i, v) {
					return
				}
			}
		}
	}
}

// findModule finds the first module: it begins with the address of the table of functions.
func (f *finder) findModule() (found uint64) {
	if f.prog.pclntab == 0 {
		return 0
	}
	f.eachWord(func(addr, val uint64) bool {
		if val != f.prog.pclntab+f.bias {
			return true
		}
		var m module
		var err error
		if f.r.checked(func() { m, err = readModule(f.r, f.o, f.r.view(addr, f.o.module.size)) }) && err == nil &&
			m.pctab > val && m.pclntable > val && m.text < m.etext {
			found = addr
		}
		return found == 0
	})
	return found
}

// secondReason is the wait reason with number 1, in all versions.
const secondReason = "GC assist marking"

// findReasons finds the names of wait reasons. The first is empty.
func (f *finder) findReasons() (found uint64) {
	var last uint64
	f.eachWord(func(addr, val uint64) bool {
		if val == uint64(len(secondReason)) && last != 0 {
			at := last
			ok := false
			f.r.checked(func() {
				ok = string(f.r.bytes(at, uint64(len(secondReason)))) == secondReason && f.r.u64(addr-16) == 0
			})
			if ok {
				found = addr - 24
				return false
			}
		}
		last = val
		return true
	})
	return found
}

func (f *finder) isAllgs(addr uint64) bool {
	ptr, n, c := f.r.u64(addr), f.r.u64(addr+8), f.r.u64(addr+16)
	if n == 0 || n > c || c > maxGoroutines || ptr%8 != 0 {
		return false
	}
	for i := range min(n, 8) {
		g := f.r.bytes(f.r.u64(ptr+i*8), f.o.g.size)
		lo, hi := f.o.g.lo.get(g), f.o.g.hi.get(g)
		if hi < lo || hi-lo > 1<<32 || f.o.g.status.get(g)&^statusScan > statusDeadExtra || f.o.g.id.get(g) > 1<<48 {
			return false
		}
	}
	return true
}

func (f *finder) isAllm(addr uint64) bool {
	m := f.r.u64(addr)
	if m == 0 || m%8 != 0 {
		return false
	}
	g0 := f.o.m.g0.get(f.r.bytes(m, f.o.m.size))
	return g0 != 0 && f.o.g.m.get(f.r.bytes(g0, f.o.g.size)) == m
}

func (f *finder) isAllp(addr uint64) bool {
	ptr, n, c := f.r.u64(addr), f.r.u64(addr+8), f.r.u64(addr+16)
	if n == 0 || n > c || c > maxProcs || ptr%8 != 0 {
		return false
	}
	for i := range n {
		if p := f.r.u64(ptr + i*8); p == 0 || uint64(f.r.u32(p)) != i { // its first field is its number
			return false
		}
	}
	return true
}

func (f *finder) isMheap(addr uint64) bool {
	at := addr + uint64(f.o.allspans.Off)
	if !f.isWritable(at) {
		return false
	}
	ptr, n, c := f.r.u64(at), f.r.u64(at+8), f.r.u64(at+16)
	if n == 0 || n > c || c > maxSpans || ptr%8 != 0 {
		return false
	}
	for i := range min(n, 16) {
		sp := f.r.bytes(f.r.u64(ptr+i*8), f.o.span.size)
		start := f.o.span.start.get(sp)
		if start%(1<<pageShift) != 0 || start == 0 || start > maxAddress ||
			f.o.span.npages.get(sp) > maxCopy>>pageShift || f.o.span.state.get(sp) > 2 {
			return false
		}
	}
	return true
}

func (f *finder) isSemtable(addr uint64) bool {
	if !f.isWritable(addr + semaphoreRoots*f.o.semaStride - 1) {
		return false
	}
	b := f.r.bytes(addr, semaphoreRoots*f.o.semaStride)
	for i := range uint64(semaphoreRoots) {
		entry := b[i*f.o.semaStride:][:f.o.semaStride]
		treap := f.o.semaTreap.get(entry)
		if slices.ContainsFunc(entry[24:], func(c byte) bool { return c != 0 }) || treap%8 != 0 {
			return false // behind a lock, a pointer and a count there is nothing
		}
		if treap == 0 {
			continue
		}
		sudog := f.r.bytes(treap, f.o.sudog.size)
		if f.o.sudog.elem.get(sudog)>>3%semaphoreRoots != i {
			return false
		}
	}
	return true
}

func (f *finder) isAllfin(addr uint64) bool {
	block := f.r.u64(addr)
	if block == 0 {
		return true
	}
	if block%8 != 0 {
		return false
	}
	b := f.r.bytes(block, f.o.finSize)
	return f.o.finN.get(b)*finalizerSize <= f.o.finSize && f.o.finLink.get(b)%8 == 0
}

// isCleanups also looks for who reads the list.
func (f *finder) isCleanups(addr uint64) bool {
	return slices.ContainsFunc(f.refsOf("runtime.markroot"),
		func(r reference) bool { return r.addr == addr+uint64(f.o.cleanAll.Off) })
}

// referencesARM64 calls visit for the addresses that code at pc makes of a page and an offset in it.
func referencesARM64(code []byte, pc uint64, visit func(reference)) {
	var pages [32]uint64
	for ; len(code) >= 4; code, pc = code[4:], pc+4 {
		w := le32(code)
		imm := uint64(w >> 10 & 0xfff)
		base := pages[w>>5&31]
		switch {
		case w&0x9f000000 == 0x90000000: // ADRP
			off := int64(w>>5&0x7ffff)<<2 | int64(w>>29&3)
			pages[w&31] = pc&^0xfff + uint64(off<<43>>31)
		case base == 0:
		case w&0xffc00000 == 0x91000000: // ADD
			visit(reference{base + imm, false})
		case w&0x3b000000 == 0x39000000: // a load or store
			visit(reference{base + imm<<(w>>30), true})
		}
	}
}

// missing returns an error that names the variables that are still unknown, if any.
func (a *Addresses) missing(l *Layout) error {
	names := slices.DeleteFunc(a.Missing(), func(name string) bool { return !needed(l, name) })
	if len(names) == 0 {
		return nil
	}
	sort.Strings(names)
	return fmt.Errorf("the program's %s cannot be found", strings.Join(names, ", "))
}
