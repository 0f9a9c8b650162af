package record

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"unsafe"

	"github.com/awaittrace/awaittrace/runtime"
)

// A Source gives access to the bytes of a record.
type Source struct {
	// Data holds the record from its first byte on. Size is its number of bytes.
	Data io.ReaderAt
	Size int64
	// Memory is the memory of the program by address, for the parts of a record that are not in Data. nil: it cannot be
	// read.
	Memory io.ReaderAt
}

// pageSize is the unit of the offsets of regions in a header.
const pageSize = 4096

// maxTable bounds what is read of one region at once. checkHeader bounds each region by what a program writes, and none
// is larger than this.
const maxTable = runtime.MaxStrings

// load returns the T that begins b, which must be long enough. T must hold no pointers. The record is in the byte order
// of the machine, and need not be aligned in b.
func load[T any](b []byte) (v T) {
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&v)), unsafe.Sizeof(v)), b)
	return v
}

// ErrNotRecord is the error for data that does not begin like a record.
var ErrNotRecord = errors.New("not a record of an instrumented program")

// readHeader returns the header of src, or an error that says why src is not a readable record.
func readHeader(src Source) (runtime.Header, error) {
	const size = int64(unsafe.Sizeof(runtime.Header{}))
	var h runtime.Header
	b := make([]byte, min(size, max(src.Size, 0)))
	if _, err := src.Data.ReadAt(b, 0); err != nil && err != io.EOF {
		return h, fmt.Errorf("cannot read the record: %w", err)
	}
	if len(b) < 16 || load[uint64](b) != runtime.Magic {
		return h, ErrNotRecord
	}
	if err := checkVersion(load[uint32](b[8:])); err != nil {
		return h, err
	}
	if int64(len(b)) < size {
		return h, fmt.Errorf("record is truncated: %d bytes, not even a header", len(b))
	}
	h = load[runtime.Header](b)
	if err := checkHeader(&h, src.Size); err != nil {
		return h, err
	}
	// The counters continue past the end of the room, where nothing is valid.
	h.Slots = min(h.Slots, h.SlotCap)
	h.Sites = min(h.Sites, max(h.SiteCap, 1)-1)
	h.StrLen = min(h.StrLen, h.StrCap)
	h.Waited = min(h.Waited, h.WaitedCap)
	return h, nil
}

// checkHeader checks that the sizes are those of the layout and that every region is inside the record.
func checkHeader(h *runtime.Header, size int64) error {
	sizes := []struct {
		name      string
		got, want uint32
	}{
		{"header", h.HeaderSize, uint32(unsafe.Sizeof(*h))},
		{"slot", h.SlotSize, runtime.SlotSize},
		{"object", h.ObjSize, runtime.ObjSize},
		{"site", h.SiteSize, runtime.SiteSize},
		{"orphan", h.OrphanSize, runtime.OrphanSize},
		{"test", h.TestSize, runtime.TestSize},
		{"length of waits", h.WaitedSize, runtime.WaitedSize},
		{"order of locks", h.OrderSize, runtime.OrderSize},
	}
	for _, s := range sizes {
		if s.got != s.want {
			return fmt.Errorf("record is damaged: a %s of %d bytes, want %d", s.name, s.got, s.want)
		}
	}
	counts := []struct {
		name     string
		got, max uint32
	}{
		{"slots", h.SlotCap, runtime.MaxSlots},
		{"objects", h.ObjCap, runtime.MaxObjects},
		{"sites", h.SiteCap, runtime.MaxSites},
		{"bytes of strings", h.StrCap, runtime.MaxStrings},
		{"orphans", h.OrphanCap, runtime.MaxOrphans},
		{"tests", h.TestCap, runtime.MaxTests},
		{"lengths of waits", h.WaitedCap, runtime.MaxSites},
		{"orders of locks", h.OrderCap, runtime.MaxOrders},
		{"bytes about the process", h.MetaLen, runtime.MaxMeta},
	}
	for _, c := range counts {
		if c.got > c.max {
			return fmt.Errorf("record is damaged: it has room for %d %s, and none has for more than %d", c.got, c.name,
				c.max)
		}
	}
	if size < 0 || h.Size > uint64(size) {
		return fmt.Errorf("record is truncated: %d bytes of %d", size, h.Size)
	}
	regions := []struct {
		name   string
		off, n uint64
	}{
		{"slots", uint64(h.SlotOff) * pageSize, uint64(h.SlotCap) * runtime.SlotSize},
		{"chunks", uint64(h.ChunkOff), (uint64(h.SlotCap) + runtime.ChunkSlots - 1) / runtime.ChunkSlots},
		{"objects", uint64(h.ObjOff) * pageSize, uint64(h.ObjCap) * runtime.ObjSize},
		{"sites", uint64(h.SiteOff) * pageSize, uint64(h.SiteCap) * runtime.SiteSize},
		{"strings", uint64(h.StrOff) * pageSize, uint64(h.StrCap)},
		{"orphans", uint64(h.OrphanOff) * pageSize, uint64(h.OrphanCap) * runtime.OrphanSize},
		{"tests", uint64(h.TestOff) * pageSize, uint64(h.TestCap) * runtime.TestSize},
		{"lengths of waits", uint64(h.WaitedOff) * pageSize, uint64(h.WaitedCap) * runtime.WaitedSize},
		{"goroutines of tests", uint64(h.GoidsOff) * pageSize, uint64(h.GoidsCap) * 8},
		{"orders of locks", uint64(h.OrderOff) * pageSize, uint64(h.OrderCap) * runtime.OrderSize},
		{"process", uint64(h.MetaOff), uint64(h.MetaLen)},
	}
	for _, r := range regions {
		if r.off+r.n > h.Size { // neither can overflow: both are below 1<<45
			return fmt.Errorf("record is damaged: its %s end at %d, the record at %d", r.name, r.off+r.n, h.Size)
		}
	}
	return nil
}

// region reads n bytes of the record at offset off.
func (src Source) region(off, n uint64) ([]byte, error) { return filled(off, n, src.fill) }

// filled returns n bytes that fill reads at off. It fails if no table can be so large.
func filled(off, n uint64, fill func(b []byte, off uint64) error) ([]byte, error) {
	if n > maxTable {
		return nil, fmt.Errorf("record is damaged: a table of %d bytes", n)
	}
	b := make([]byte, n)
	return b, fill(b, off)
}

// fill reads the bytes of the record at offset off into b.
func (src Source) fill(b []byte, off uint64) error {
	if _, err := src.Data.ReadAt(b, int64(off)); err != nil {
		return fmt.Errorf("cannot read the record at %d: %w", off, err)
	}
	return nil
}

// table reads n bytes of a table that may be partly in private memory. If it is, the program's memory has all of it.
func (r *reader) table(off, n uint64) ([]byte, error) { return filled(off, n, r.fill) }

// fill reads a part of such a table into b.
func (r *reader) fill(b []byte, off uint64) error {
	if r.h.Private == 0 {
		return r.src.fill(b, off)
	}
	if r.src.Memory == nil {
		return r.fillShared(b, off)
	}
	for len(b) > 0 {
		n, err := r.src.Memory.ReadAt(b, int64(r.h.Base+off))
		b, off = b[n:], off+uint64(n)
		if len(b) == 0 {
			break
		}
		if !errors.Is(err, syscall.EFAULT) && !errors.Is(err, syscall.EIO) {
			return r.fillShared(b, off)
		}
		// A full file system has no page for what was never written. The file reads as zeros there.
		n = min(pageSize-int(off%pageSize), len(b))
		if err := r.src.fill(b[:n], off); err != nil {
			return err
		}
		b, off = b[n:], off+uint64(n)
	}
	return nil
}

// fillShared reads a part of such a table without what is in private memory.
func (r *reader) fillShared(b []byte, off uint64) error {
	r.snap.Dropped[DroppedPrivate] = int(r.h.Private)
	return r.src.fill(b, off)
}
