package reach

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// A frame is one of a goroutine's.
type frame struct {
	pc, sp, fp uint64
	info       *pcInfo
}

// end returns where the arguments of the frame end, as far as their size is known.
func (f frame) end() uint64 { return f.fp + uint64(max(f.info.args, 0)) }

// has reports whether addr is in the frame or its arguments.
func (f frame) has(addr uint64) bool { return addr >= f.sp && addr < f.end() }

// A stackScan finds the words of one stack that the collector would follow: by the tables of the compiler, and wherever
// there is a doubt all of them. It is used again for one goroutine after the other.
type stackScan struct {
	c    *Capture
	code *codeTable
	// found is called for each word that is a pointer out of the stack.
	found func(at, val uint64)
	// onFrame, if it is not nil, is called for each frame before its words.
	onFrame func(f frame)

	g     *goroutine
	words []byte // its g
	data  []byte
	own   []uint64 // pointers into the stack itself
	objs  []stackRange
	// doubt says that a part was scanned conservatively.
	doubt bool
}

// A stackRange is a stack object.
type stackRange struct {
	lo, hi uint64
	done   bool
}

// word returns the word at addr of the stack, or zero.
func (k *stackScan) word(addr uint64) uint64 {
	if addr < k.g.from() || addr+8 > k.g.hi() || addr+8 < addr {
		return 0
	}
	return le64(k.data[addr-k.g.from():])
}

// minPointer is the lowest value that a pointer can have.
const minPointer = 4096

// put takes the word at addr.
func (k *stackScan) put(addr uint64) {
	v := k.word(addr)
	switch {
	case v < minPointer:
	case v >= k.g.lo && v < k.g.hi():
		k.own = append(k.own, v)
	default:
		k.found(addr, v)
	}
}

// all takes all words of a range.
func (k *stackScan) all(lo, hi uint64) {
	hi = min(hi, k.g.hi())
	for a := max(lo, k.g.from()) &^ 7; a+8 <= hi; a += 8 {
		k.put(a)
	}
}

// scan scans the stack of g.
func (k *stackScan) scan(g *goroutine) {
	k.g, k.words, k.doubt = g, k.c.words(g), false
	k.own, k.objs = k.own[:0], k.objs[:0]
	k.data = k.c.stack(g)
	if k.data == nil {
		return
	}
	if g.conservative {
		k.doubt = true
		k.all(g.from(), g.hi())
		if k.onFrame != nil {
			k.walk(false)
		}
		return
	}
	k.walk(true)
	// Besides its frames: what the g itself points to, such as a closure's context, and defers.
	for o := 0; o+8 <= len(k.words); o += 8 {
		if v := le64(k.words[o:]); v >= g.lo && v < g.hi() {
			k.own = append(k.own, v)
		}
	}
	k.defers()
	k.objects()
}

// defers follows the chain of deferred calls, which the frames do not have.
func (k *stackScan) defers() {
	f := &k.c.o.defers
	g := k.g
	for d, n := k.c.o.g.defers.get(k.words), 0; d != 0 && n < maxList; n++ {
		var b []byte
		if d >= g.from() && d+f.size <= g.hi() && d+f.size > d {
			k.put(d + uint64(f.fn.Off))
			k.put(d + uint64(f.link.Off))
			b = k.data[d-g.from():]
		} else {
			k.found(0, d)
			if b = k.c.view(d, f.size); b == nil {
				return
			}
		}
		// A record on the heap may have its closure on the stack.
		if fn := f.fn.get(b); fn >= g.lo && fn < g.hi() {
			k.own = append(k.own, fn)
		}
		d = f.link.get(b)
	}
}

// objects takes the stack objects that something on the stack points to.
func (k *stackScan) objects() {
	slices.SortFunc(k.objs, func(a, b stackRange) int { return cmp.Compare(a.lo, b.lo) })
	for len(k.own) > 0 {
		a := k.own[len(k.own)-1]
		k.own = k.own[:len(k.own)-1]
		i := sort.Search(len(k.objs), func(i int) bool { return k.objs[i].hi > a })
		if i < len(k.objs) && k.objs[i].lo <= a && !k.objs[i].done {
			k.objs[i].done = true
			k.all(k.objs[i].lo, k.objs[i].hi)
		}
	}
}

// maxFrames bounds a walk.
const maxFrames = 1 << 24

// walk goes through the frames from the innermost, and scans them if it is told to.
func (k *stackScan) walk(scan bool) {
	g := k.g
	var pc, sp, lr uint64
	if g.thread >= 0 {
		th := &k.c.threads[g.thread]
		pc, sp, lr = th.PC, th.SP, th.LR
	} else {
		pc, sp = k.c.position(g, k.c.words(g))
		lr = k.c.linkRegister(g)
	}
	interrupted := false // the frame was stopped where it makes no call
	for n := 0; n < maxFrames; n++ {
		if sp >= g.hi() || sp < g.lo {
			return
		}
		f := k.code.at(pc)
		fp := sp + f.delta + 8 - k.c.o.frameLR
		switch {
		case !f.ok, strings.Contains(f.name, "cgocallback"), f.flags&flagSPWrite != 0 && n > 0, fp > g.hi()+8, fp < sp,
			interrupted && k.c.o.frameLR != 0: // how a call was injected differs there
			if scan {
				k.doubt = true
				k.all(sp, g.hi())
			}
			return
		}
		if k.onFrame != nil {
			k.onFrame(frame{pc, sp, fp, f})
		}
		if f.name == "runtime.goexit" || f.name == "runtime.mstart" {
			return
		}
		if scan {
			k.frame(f, sp, fp, interrupted)
		}
		interrupted = injected(f.name)
		pc, sp, lr = k.caller(sp, fp, lr, n == 0), fp, 0
	}
}

// injected reports whether a function is called where no call is.
func injected(name string) bool {
	return name == "runtime.asyncPreempt" || name == "runtime.sigpanic" || strings.HasPrefix(name, "runtime.debugCall")
}

// caller returns where a frame returns to.
func (k *stackScan) caller(sp, fp, lr uint64, innermost bool) uint64 {
	if k.c.o.frameLR == 0 {
		return k.word(fp - 8)
	}
	if innermost && sp >= fp && lr != 0 {
		return lr // a leaf: it has not been saved
	}
	return k.word(sp)
}

// slack is how much is taken of arguments whose size is not known.
const slack = 256

// frame scans one frame by the rules of the collector.
func (k *stackScan) frame(f *pcInfo, sp, fp uint64, interrupted bool) {
	varp := fp - (8 - k.c.o.frameLR)
	if varp > sp {
		varp -= 8 // the saved frame pointer
	}
	argp := fp + k.c.o.frameLR
	if interrupted || injected(f.name) && f.name != "runtime.sigpanic" || f.name == "reflect.makeFuncStub" ||
		f.name == "reflect.methodValueCall" {
		k.doubt = true
		k.all(sp, argp+uint64(max(f.args, 0))+slack)
	} else {
		k.locals(f, sp, varp)
		k.args(f, argp)
	}
	for _, o := range f.objs {
		base := varp
		if o.off >= 0 {
			base = argp
		}
		lo := base + uint64(o.off)
		k.objs = append(k.objs, stackRange{lo: lo, hi: lo + o.size})
	}
}

// locals scans the variables of a frame, which end at varp.
func (k *stackScan) locals(f *pcInfo, sp, varp uint64) {
	if varp <= sp+k.c.o.frameLR {
		return
	}
	if f.locals.bits == nil {
		k.doubt = true
		k.all(sp, varp)
		return
	}
	base := varp - uint64(f.locals.n)*8
	for i := uint32(0); i < f.locals.n; i++ {
		if f.locals.has(i) {
			k.put(base + uint64(i)*8)
		}
	}
}

// args scans the arguments of a frame.
func (k *stackScan) args(f *pcInfo, argp uint64) {
	switch {
	case f.args == 0:
	case f.args > 0 && f.argmap.bits != nil:
		for i := uint32(0); i < f.argmap.n; i++ {
			if f.argmap.has(i) {
				k.put(argp + uint64(i)*8)
			}
		}
	default:
		k.doubt = true
		k.all(argp, argp+uint64(max(f.args, slack)))
	}
}

// frames returns the frames of a goroutine, the innermost first, as far as they are known. It remembers the frames of
// the last goroutine, because callers ask for several in a row.
func (m *marker) frames(g *goroutine) []frame {
	if m.framesOf == g {
		return m.lastFrames
	}
	list := make([]frame, 0, max(len(m.lastFrames), 4))
	k := stackScan{c: m.Capture, code: m.code, g: g, data: m.stack(g), found: func(uint64, uint64) {}}
	if k.data != nil {
		k.onFrame = func(f frame) { list = append(list, f) }
		k.walk(false)
	}
	m.framesOf, m.lastFrames = g, list
	return list
}
