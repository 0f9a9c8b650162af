package reach

import "encoding/binary"

// get returns the integer at f in b, the bytes of the struct; zero where b is too short.
func (f Field) get(b []byte) uint64 {
	if f.Off < 0 || f.Off+f.Size > int64(len(b)) {
		return 0
	}
	b = b[f.Off:]
	switch f.Size {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 0:
		return 0
	}
	if len(b) < 8 {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

// slice returns the pointer and the length of the slice at f in b.
func (f Field) slice(b []byte) (ptr, n uint64) {
	return Field{f.Off, 8}.get(b), Field{f.Off + 8, 8}.get(b)
}

// has reports whether the layout has the field.
func (f Field) has() bool { return f.Size > 0 }

// offsets are the fields of a Layout, looked up once. Fields that the version lacks are zero.
type offsets struct {
	g struct {
		size                                                    uint64
		lo, hi, panics, defers, m, sp, pc, lr, syscallSP, sysPC Field
		status, id, schedlink, since, reason, waiting           Field
		gopc, startpc, parent, parks, labels                    Field
	}
	sudog struct {
		size                             uint64
		g, next, prev, elem, waitlink, c Field
	}
	m struct {
		size                                       uint64
		g0, gsignal, curg, procid, vdsoSP, alllink Field
	}
	p struct {
		size   uint64
		timers Field
	}
	hchan struct {
		size                           uint64
		count, dataqsiz, elemsize      Field
		closed, elemtype, recvq, sendq Field
	}
	module struct {
		size                                                   uint64
		pctab, pclntable, ftab, funcnametab, cutab, filetab    Field
		minpc, maxpc, text, etext, data, edata, bss, ebss, gof Field
		types, etypes, dataMask, nDataMask, bssMask, nBssMask  Field
		next, noptrdata, enoptrbss                             Field
	}
	span struct {
		size                                                                  uint64
		start, npages, free, nelems, alloc, class, state, elem, div, specials Field
		pinner, largeType                                                     Field
	}
	allspans Field
	special  struct{ next, offset, kind Field }
	defers   struct {
		size     uint64
		fn, link Field
	}
	semaTreap            Field
	finSize              uint64
	finLink, finN, fins  Field
	cleanAll, cleanLink  Field
	cleanSize            uint64
	cleanups             Field
	timer                struct{ f, arg, when, period Field }
	timersHeap           Field
	kindProfile          byte
	kindFinalizer        byte
	kindWeak             byte
	kindCleanup          byte
	finalizerFn          Field
	cleanupFn            Field // the function of a specialCleanup
	semaStride           uint64
	pcQuantum, frameLR   uint64
	typeStr, typeFlag    Field
	typeSize, typeKind   Field
	pWords, mWords, gPtr []int64
}

// newOffsets looks the fields of l up.
func newOffsets(l *Layout) *offsets {
	o := new(offsets)
	size := func(s string) uint64 { return uint64(l.Sizes[s]) }
	first := func(names ...string) Field {
		for _, n := range names {
			if f, ok := l.Fields[n]; ok {
				return f
			}
		}
		return Field{}
	}
	fields := func(name string, into map[string]*Field) {
		for f, p := range into {
			*p = l.Fields[name+"."+f]
		}
	}
	o.g.size, o.sudog.size, o.m.size, o.p.size, o.hchan.size = size("g"), size("sudog"), size("m"), size("p"),
		size("hchan")
	o.module.size, o.span.size, o.defers.size = size("moduledata"), size("mspan"), size("_defer")
	fields("g", map[string]*Field{
		"stack.lo": &o.g.lo, "stack.hi": &o.g.hi, "_panic": &o.g.panics, "_defer": &o.g.defers, "m": &o.g.m,
		"sched.sp": &o.g.sp,
		"sched.pc": &o.g.pc, "sched.lr": &o.g.lr, "syscallsp": &o.g.syscallSP, "syscallpc": &o.g.sysPC,
		"atomicstatus": &o.g.status,
		"goid":         &o.g.id, "schedlink": &o.g.schedlink, "waitsince": &o.g.since, "waitreason": &o.g.reason,
		"waiting": &o.g.waiting,
		"gopc":    &o.g.gopc, "startpc": &o.g.startpc, "parentGoid": &o.g.parent, "trackingSeq": &o.g.parks,
		"labels": &o.g.labels,
	})
	fields("sudog", map[string]*Field{
		"g": &o.sudog.g, "next": &o.sudog.next, "prev": &o.sudog.prev, "elem": &o.sudog.elem,
		"waitlink": &o.sudog.waitlink, "c": &o.sudog.c,
	})
	for _, f := range []*Field{&o.sudog.elem, &o.sudog.c} {
		// a maybeTraceablePtr, whose second word is always the address: Go's profile of leaks hides the first from the
		// collector
		if f.Size == 16 {
			*f = Field{f.Off + 8, 8}
		}
	}
	fields("m", map[string]*Field{
		"g0": &o.m.g0, "gsignal": &o.m.gsignal, "curg": &o.m.curg, "procid": &o.m.procid, "vdsoSP": &o.m.vdsoSP,
		"alllink": &o.m.alllink,
	})
	fields("hchan", map[string]*Field{
		"qcount": &o.hchan.count, "dataqsiz": &o.hchan.dataqsiz, "elemsize": &o.hchan.elemsize,
		"closed":   &o.hchan.closed,
		"elemtype": &o.hchan.elemtype, "recvq.first": &o.hchan.recvq, "sendq.first": &o.hchan.sendq,
	})
	fields("moduledata", map[string]*Field{
		"pctab": &o.module.pctab, "pclntable": &o.module.pclntable, "ftab": &o.module.ftab,
		"funcnametab": &o.module.funcnametab,
		"cutab":       &o.module.cutab, "filetab": &o.module.filetab, "minpc": &o.module.minpc,
		"maxpc": &o.module.maxpc, "text": &o.module.text,
		"etext": &o.module.etext, "data": &o.module.data, "edata": &o.module.edata, "bss": &o.module.bss,
		"ebss":   &o.module.ebss,
		"gofunc": &o.module.gof, "types": &o.module.types, "etypes": &o.module.etypes,
		"gcdatamask.n":        &o.module.nDataMask,
		"gcdatamask.bytedata": &o.module.dataMask, "gcbssmask.n": &o.module.nBssMask,
		"gcbssmask.bytedata": &o.module.bssMask,
		"next":               &o.module.next, "noptrdata": &o.module.noptrdata, "enoptrbss": &o.module.enoptrbss,
	})
	fields("mspan", map[string]*Field{
		"startAddr": &o.span.start, "npages": &o.span.npages, "freeindex": &o.span.free, "nelems": &o.span.nelems,
		"allocBits": &o.span.alloc,
		"spanclass": &o.span.class, "state": &o.span.state, "elemsize": &o.span.elem, "divMul": &o.span.div,
		"specials":   &o.span.specials,
		"pinnerBits": &o.span.pinner, "largeType": &o.span.largeType,
	})
	fields("special", map[string]*Field{"next": &o.special.next, "offset": &o.special.offset, "kind": &o.special.kind})
	fields("_defer", map[string]*Field{"fn": &o.defers.fn, "link": &o.defers.link})
	fields("timer", map[string]*Field{"f": &o.timer.f, "arg": &o.timer.arg, "when": &o.timer.when,
		"period": &o.timer.period})
	o.allspans, o.semaTreap, o.p.timers = l.Fields["mheap.allspans"], l.Fields["semaRoot.treap"], l.Fields["p.timers"]
	o.finSize = max(size("finblock"), size("finBlock"))
	o.finLink, o.finN, o.fins = first("finBlock.alllink", "finblock.alllink"), first("finBlock.cnt", "finblock.cnt"),
		first("finBlock.fin", "finblock.fin")
	o.cleanAll, o.cleanSize, o.cleanups = l.Fields["cleanupQueue.all"], size("cleanupBlock"),
		l.Fields["cleanupBlock.cleanups"]
	o.cleanLink = first("cleanupBlock.cleanupBlockHeader.alllink", "cleanupBlock.alllink")
	o.timersHeap = l.Fields["timers.heap"]
	kind := func(name string) byte {
		if v, ok := l.Consts["_KindSpecial"+name]; ok {
			return byte(v)
		}
		return 255
	}
	o.kindProfile, o.kindFinalizer, o.kindWeak, o.kindCleanup = kind("Profile"), kind("Finalizer"), kind("WeakHandle"),
		kind("Cleanup")
	o.finalizerFn = l.Fields["specialfinalizer.fn"]
	o.cleanupFn = first("specialCleanup.fn", "specialCleanup.cleanup")
	o.typeStr, o.typeFlag = first("_type.Str", "_type.str"), first("_type.TFlag", "_type.tflag")
	o.typeSize, o.typeKind = first("_type.Size_", "_type.size"), first("_type.Kind_", "_type.kind")
	o.semaStride, o.pcQuantum = 64, 1
	if l.Arch == "arm64" {
		o.semaStride, o.pcQuantum, o.frameLR = 128, 4, 8
	}
	o.pWords, o.mWords, o.gPtr = l.Pointers["p"], l.Pointers["m"], l.Pointers["g"]
	return o
}
