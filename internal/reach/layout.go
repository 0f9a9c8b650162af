package reach

import (
	"fmt"
	"strings"
)

// A Field is the place of a field in its struct, in bytes.
type Field struct{ Off, Size int64 }

// A Layout is what a reader must know of a Go runtime: offsets of fields, sizes of types, and constants. It depends
// only on the minor version of Go and the architecture, not on -race or GOEXPERIMENT.
type Layout struct {
	// Go is the version that the layout is of, such as "go1.26.8"; Arch is as in GOARCH.
	Go, Arch string
	// Fields has the fields of wantedFields by name, such as "g.sched.sp".
	Fields map[string]Field
	// Sizes has the sizes of the structs, such as "g".
	Sizes map[string]int64
	// Consts has the constants of wantedConsts.
	Consts map[string]int64
	// Pointers has the offsets of the words of p, m and g that are pointers.
	Pointers map[string][]int64
}

// A wantedStruct lists the fields that are read of one struct of package runtime. A name that ends in ? may be missing.
type wantedStruct struct {
	name   string
	fields string
}

// wantedStructs is all that a Layout has, whether it comes from DWARF or from a table.
var wantedStructs = []wantedStruct{
	{"g", "stack.lo stack.hi _panic _defer m sched.sp sched.pc sched.lr? syscallsp syscallpc atomicstatus goid " +
		"schedlink waitsince waitreason waiting " +
		"param gopc startpc parentGoid? trackingSeq? labels?"},
	{"sudog", "g next prev elem parent waitlink waittail c isSelect"},
	{"m", "g0 gsignal curg procid vdsoSP alllink"},
	{"p", "runq runnext timers"},
	{"hchan", "qcount dataqsiz elemsize closed elemtype timer? recvq.first sendq.first"},
	{"moduledata", "pctab pclntable ftab funcnametab cutab filetab minpc maxpc text etext noptrdata? data edata bss " +
		"ebss enoptrbss? gofunc types etypes " +
		"gcdatamask.n gcdatamask.bytedata gcbssmask.n gcbssmask.bytedata next"},
	{"mspan", "startAddr npages freeindex nelems allocBits spanclass state elemsize divMul specials pinnerBits " +
		"largeType?"},
	{"mheap", "allspans"},
	{"special", "next offset kind"},
	{"specialfinalizer", "fn"},
	{"specialWeakHandle?", "handle"},
	{"specialCleanup?", "fn? cleanup?"},
	{"semaRoot", "treap"},
	{"_defer", "fn link heap?"},
	{"_type", "Size_? size? TFlag? tflag? Kind_? kind? Str? str?"},
	{"finblock?", "alllink cnt fin"},
	{"finBlock?", "alllink cnt fin"},
	{"cleanupQueue?", "all?"},
	{"cleanupBlock?", "alllink? cleanupBlockHeader.alllink? n? cleanupBlockHeader.n? cleanups"},
	{"timer", "f arg when period"},
	{"timers?", "heap"},
}

// wantedConsts are the constants that a Layout has, where its version of Go has them.
var wantedConsts = []string{
	"_KindSpecialFinalizer", "_KindSpecialWeakHandle", "_KindSpecialProfile", "_KindSpecialReachable",
	"_KindSpecialPinCounter",
	"_KindSpecialCleanup", "_KindSpecialTinyBlock", "_KindSpecialCheckFinalizer", "_KindSpecialBubble",
	"_KindSpecialSecret",
}

// Check returns an error if l lacks anything that a reader needs.
func (l *Layout) Check() error {
	for _, w := range wantedStructs {
		if strings.HasSuffix(w.name, "?") {
			continue
		}
		if l.Sizes[w.name] <= 0 {
			return fmt.Errorf("the layout of %s %s lacks the size of runtime.%s", l.Go, l.Arch, w.name)
		}
		for _, f := range strings.Fields(w.fields) {
			if strings.HasSuffix(f, "?") {
				continue
			}
			if _, ok := l.Fields[w.name+"."+f]; !ok {
				return fmt.Errorf("the layout of %s %s lacks runtime.%s.%s", l.Go, l.Arch, w.name, f)
			}
		}
	}
	for name, f := range l.Fields {
		size := l.Sizes[name[:strings.Index(name+".", ".")]]
		if f.Off < 0 || f.Size < 0 || f.Off+f.Size > size {
			return fmt.Errorf("the layout of %s %s has runtime.%s outside its struct", l.Go, l.Arch, name)
		}
	}
	for _, name := range []string{"g", "m", "p"} {
		if len(l.Pointers[name]) == 0 {
			return fmt.Errorf("the layout of %s %s lacks the pointers of runtime.%s", l.Go, l.Arch, name)
		}
	}
	if _, ok := l.Consts["_KindSpecialProfile"]; !ok {
		return fmt.Errorf("the layout of %s %s lacks the kinds of special", l.Go, l.Arch)
	}
	return nil
}
