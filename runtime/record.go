package runtime

import (
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

const (
	pageSize = 1 << pageShift

	orphanCap = MaxOrphans
	metaCap   = MaxMeta
	growBy    = 4 * pageSize // a region grows by this many bytes
)

// The outcomes of reserve.
const (
	roomNone   = iota // the memory must not be touched
	roomShared        // in the record's file, or wherever the whole record is
	roomOwn           // in private memory of this process, because the file could not grow
)

// A region is a part of the record that is filled from its beginning, and reserved as it grows. mu guards it.
type region struct{ end uintptr }

var entries, names, graves, tests, histograms region

// has reserves the memory up to the offset end, and reports whether it may be written.
//
//go:norace
func (r *region) has(end uintptr) bool {
	for r.end < end {
		if room := reserve(r.end, growBy); room == roomNone {
			return false
		} else if room == roomOwn {
			hdr.Private++
		}
		r.end += growBy
	}
	return true
}

// reserveChunk reserves the memory of a chunk of slots, notes where it is, and reports whether it may be written.
//
//go:norace
func reserveChunk(n uint32) bool {
	const size = ChunkSlots * SlotSize
	room := reserve(uintptr(hdr.SlotOff)<<pageShift+uintptr(n)*size, size)
	*(*byte)(at(base, uintptr(hdr.ChunkOff)+uintptr(n))) = byte(room)
	return room != roomNone
}

// open makes the record and returns the state of the collector from then on. It never fails: without a record, probes
// are plain operations.
func open() uint32 {
	service := testService()
	h := plan(slotCap(), testRoom(service), orderRoom())
	mem := mapRecord(h)
	if mem == nil {
		return stateOff
	}
	base, hdr = mem, (*Header)(mem)
	slotBase = at(base, uintptr(h.SlotOff)<<pageShift)
	objBase = at(base, uintptr(h.ObjOff)<<pageShift)
	entries.end = uintptr(h.SiteOff) << pageShift
	names.end = uintptr(h.StrOff) << pageShift
	graves.end = uintptr(h.OrphanOff) << pageShift
	tests.end = uintptr(h.TestOff) << pageShift
	histograms.end = uintptr(h.WaitedOff) << pageShift

	off, logging := asked()
	onceTells = !logging && tryOnce()
	h.Base = uint64(uintptr(mem))
	h.MetaLen = uint32(copy(unsafe.Slice((*byte)(at(base, uintptr(h.MetaOff))), metaCap), meta()))
	magic := h.Magic
	h.Magic = 0
	*hdr = *h
	if off {
		hdr.Off = OffAsked
	} else {
		hdr.Off = openSlots(logging)
	}
	hdr.Magic = magic // last, so that readers reject a record that is half made
	if hdr.Off == OffNot {
		openOrders()
		if service != "" {
			openTests(service)
		}
	}
	switch {
	case hdr.Off != OffNot:
		return stateOff
	case logging:
		return stateLog
	}
	return stateOn
}

// asked returns what AWAITTRACE asks for. It reports an invalid value on standard error.
func asked() (off, logging bool) {
	mode, _ := syscall.Getenv("AWAITTRACE")
	if mode == "" {
		return false, false
	}
	if on, ok := onOff(mode); ok {
		return !on, false
	}
	if lower(mode) == "log" {
		return false, true
	}
	complain("invalid AWAITTRACE " + quoted(mode) + ": want off, log or on; the probes are on")
	return false, false
}

// onOff parses a value that is on or off. Ok is false if it is neither.
func onOff(value string) (on, ok bool) {
	switch lower(value) {
	case "on", "1", "true", "yes":
		return true, true
	case "off", "0", "false", "no":
		return false, true
	}
	return false, false
}

// complain prints what is wrong with a variable on standard error.
func complain(what string) { syscall.Write(2, []byte("awaittrace: "+what+"\n")) }

// lower returns s with the letters A to Z in lower case.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// quoted returns the first 40 bytes of s in quotes, without what is not printable ASCII.
func quoted(s string) string {
	b := []byte{'"'}
	for i := 0; i < len(s) && i < 40; i++ {
		if ' ' <= s[i] && s[i] <= '~' {
			b = append(b, s[i])
		}
	}
	return string(append(b, '"'))
}

// plan lays out a record for so many slots, tests and orders of locks.
func plan(slots, tests, orders uint32) *Header {
	h := &Header{
		Magic: Magic, Version: Version, HeaderSize: uint32(unsafe.Sizeof(Header{})),
		Pid: uint64(syscall.Getpid()), StartTicks: ownTicks(),
		Start: nanotime(), StartWall: time.Now().UnixNano(), Clock: 1,
		SlotCap: slots, SlotSize: SlotSize, ObjCap: objCap, ObjSize: ObjSize, SiteCap: siteCap, SiteSize: SiteSize,
		StrCap: strCap, OrphanCap: orphanCap, OrphanSize: OrphanSize,
		TestCap: tests, TestSize: TestSize, GoidsCap: tests * goidsPerTest,
		WaitedCap: siteCap, WaitedSize: WaitedSize,
		OrderCap: orders, OrderSize: OrderSize,
	}
	h.ChunkOff = pageSize
	h.MetaOff = h.ChunkOff + (slots/ChunkSlots+pageSize-1)&^(pageSize-1)
	next := (h.MetaOff + metaCap) >> pageShift
	place := func(off *uint32, size uint64) {
		*off = next
		next += uint32((size + growBy - 1) / growBy * (growBy >> pageShift))
	}
	place(&h.SiteOff, siteCap*SiteSize)
	place(&h.StrOff, strCap)
	place(&h.OrphanOff, orphanCap*OrphanSize)
	place(&h.TestOff, uint64(tests)*TestSize)
	place(&h.GoidsOff, uint64(h.GoidsCap)*8)
	place(&h.WaitedOff, siteCap*WaitedSize)
	place(&h.OrderOff, uint64(orders)*OrderSize)
	place(&h.ObjOff, objCap*ObjSize)
	place(&h.SlotOff, uint64(slots)*SlotSize)
	h.Size = uint64(next) << pageShift
	return h
}

// slotCap returns for how many goroutines the record has room: AWAITTRACE_GOROUTINES, rounded up to whole chunks.
func slotCap() uint32 {
	s, _ := syscall.Getenv("AWAITTRACE_GOROUTINES")
	n := uint32(0)
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' || n > MaxSlots {
			n = 0
			break
		}
		n = n*10 + uint32(s[i]-'0')
	}
	if n == 0 || n > MaxSlots {
		if s != "" {
			complain("invalid AWAITTRACE_GOROUTINES " + quoted(s) +
				": want a number from 1 to 4194304; the record has its usual room")
		}
		return defaultSlots
	}
	return (n + ChunkSlots - 1) / ChunkSlots * ChunkSlots
}

// meta returns the string of Header.MetaOff.
func meta() string {
	exe, args := process()
	return exe + "\x00" + runtime.Version() + "\x00" + args
}
