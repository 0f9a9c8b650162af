package record

import (
	"io"
	"math/bits"
	"os"
	"runtime"
	"unsafe"

	collector "github.com/awaittrace/awaittrace/runtime"

	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// maxStill bounds what Still keeps of a record, in bytes.
const maxStill = 1 << 30

// roomToGrow is how much more a copy may take than one that was made a moment before, in bytes: the program goes on.
const roomToGrow = 1 << 20

// ReadyStill allocates the room that the next call of Still needs, so that the program stands still only while its
// record is copied. It forgets the last look, which takes much memory, and which a new one will soon replace.
func (r *Record) ReadyStill() {
	r.known = nil
	r.freeRoom()
	if s, ok := r.copyRecord(nil, false); ok {
		r.room = reach.Room(int(s.n)*lineSize + roomToGrow)
	}
}

// freeRoom gives back the room for a copy. The garbage collector does not manage this memory: with many goroutines it
// is large, and it is needed only until it has been read.
func (r *Record) freeRoom() {
	reach.FreeRoom(r.room)
	r.room = nil
}

// Still copies the record of a program that stands still, and returns a function that reads the copy once, after the
// program has gone on, because reading takes much longer than copying. It reads a record at once that is not completely
// in its file.
func (r *Record) Still() func() (*snapshot.Snapshot, error) {
	read := r.begin(partWhole)
	if src, ok := r.copied(); ok {
		return func() (*snapshot.Snapshot, error) {
			defer r.freeRoom()
			return read(src)
		}
	}
	r.freeRoom()
	s, err := read(r.src)
	return func() (*snapshot.Snapshot, error) { return s, err }
}

// copied returns a copy of the record, unless parts of it are in private memory or it is too large.
func (r *Record) copied() (Source, bool) {
	data, ok := r.copyRecord(r.room, true)
	if !ok {
		return Source{}, false
	}
	src := Source{Data: data, Size: r.src.Size, Memory: r.src.Memory}
	h, err := readHeader(src)
	if err != nil || h.Private != 0 {
		return Source{}, false
	}
	chunks, err := src.region(uint64(h.ChunkOff), uint64(h.Slots+collector.ChunkSlots-1)/collector.ChunkSlots)
	if err != nil {
		return Source{}, false
	}
	for _, st := range chunks {
		if st == chunkPrivate {
			return Source{}, false
		}
	}
	return src, true
}

// A sparse is the content of a file that is mostly zero, as is the slot of a goroutine that has reached few probes. It
// has the lines of the file that are not zero, and implements io.ReaderAt.
type sparse struct {
	size  int64
	pages []sparsePage
	n     uint32 // of the lines
	data  []byte // the lines in their order; nil: they were only counted
}

// A sparsePage has a bit for each line of a page that is not zero, and the number of the first of them.
type sparsePage struct {
	lines uint64
	first uint32
}

// lineSize is the size of a line, in bytes: a page has as many as a sparsePage has bits.
const lineSize = pageSize / 64

// How Linux seeks in a file with holes: see lseek(2).
const (
	seekData = 3
	seekHole = 4
)

// copyRecord is copyFile for the file of the record, up to the record's end.
func (r *Record) copyRecord(room []byte, keep bool) (sparse, bool) {
	if r.file == nil || runtime.GOOS != "linux" {
		return sparse{}, false
	}
	h, err := readHeader(r.src)
	if err != nil {
		return sparse{}, false
	}
	return copyFile(r.file, room, int64(h.Size), keep)
}

// copyFile copies what a file has up to end, into room as far as that goes; unless keep is set, it only counts the
// lines. A kept look is behind the end of the record (see Keep).
func copyFile(f *os.File, room []byte, end int64, keep bool) (s sparse, ok bool) {
	fi, err := f.Stat()
	if err != nil {
		return s, false
	}
	s.size = min(fi.Size(), end)
	s.pages = make([]sparsePage, (s.size+pageSize-1)/pageSize)
	if keep {
		s.data = room[:0]
	}
	buf := make([]byte, atOnce)
	for off := int64(0); off < s.size; {
		from, err := f.Seek(off, seekData)
		if err != nil || from >= s.size {
			break // a hole extends to the end
		}
		to, err := f.Seek(from, seekHole)
		if to = min(to, s.size); err != nil || to <= from {
			return s, false
		}
		off = to
		for from &^= pageSize - 1; from < to; from += atOnce {
			n, err := f.ReadAt(buf[:min(to-from, atOnce)], from)
			if err != nil && err != io.EOF {
				return s, false
			}
			whole := (n + pageSize - 1) &^ (pageSize - 1)
			clear(buf[n:whole])
			if s.add(buf[:whole], from, keep); int64(s.n)*lineSize > maxStill {
				return s, false
			}
		}
	}
	return s, true
}

// atOnce is how many bytes copyFile reads at once: so few that they stay in the processor's cache.
const atOnce = 64 << 10

// add adds the lines of pages from off on, or, unless keep is set, only their number. The program may stand still for
// it, so it is written to be fast.
func (s *sparse) add(b []byte, off int64, keep bool) {
	for at := off / pageSize; len(b) >= pageSize; at++ {
		p := sparsePage{first: s.n}
		page := (*[64][lineSize / 8]uint64)(unsafe.Pointer(&b[0]))
		for i := range page {
			if l := &page[i]; l[0]|l[1]|l[2]|l[3]|l[4]|l[5]|l[6]|l[7] != 0 {
				p.lines |= 1 << i
			}
		}
		s.n += uint32(bits.OnesCount64(p.lines))
		s.pages[at] = p
		for lines := p.lines; keep && lines != 0; {
			i := bits.TrailingZeros64(lines)
			n := bits.TrailingZeros64(^(lines >> i))
			s.data = append(s.data, b[i*lineSize:(i+n)*lineSize]...)
			lines = lines >> i >> n << n << i
		}
		b = b[pageSize:]
	}
}

// ReadAt implements io.ReaderAt.
func (s sparse) ReadAt(b []byte, off int64) (n int, err error) {
	if off < 0 || off >= s.size {
		return 0, io.EOF
	}
	if int64(len(b)) > s.size-off {
		b, err = b[:s.size-off], io.EOF
	}
	for n < len(b) {
		at := off + int64(n)
		p, i := s.pages[at/pageSize], at%pageSize/lineSize
		part := b[n:min(len(b), n+int(lineSize-at%lineSize))]
		if p.lines>>i&1 == 0 {
			clear(part)
		} else {
			k := int64(p.first) + int64(bits.OnesCount64(p.lines&(1<<i-1)))
			copy(part, s.data[k*lineSize+at%lineSize:])
		}
		n += len(part)
	}
	return n, err
}
