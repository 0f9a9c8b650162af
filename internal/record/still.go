package record

import (
	"io"
	"os"
	"runtime"
	"slices"

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
		r.room = reach.Room(s.n + roomToGrow)
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
// has the words of the file that are not zero, and implements io.ReaderAt.
type sparse struct {
	size  int64
	pages []uint32 // where each page begins in data, plus one; zero: it has nothing
	n     int      // the bytes of data
	data  []byte   // the blocks of the pages, packed one after the other; nil: they were only counted
}

// blockSize is how many bytes are packed together: a page has eight blocks.
const blockSize = pageSize / 8

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

// copyFile copies what a file has up to end, into room as far as that goes; unless keep is set, it only counts what
// that takes. A kept look is behind the end of the record (see Keep).
func copyFile(f *os.File, room []byte, end int64, keep bool) (s sparse, ok bool) {
	fi, err := f.Stat()
	if err != nil {
		return s, false
	}
	s.size = min(fi.Size(), end)
	s.pages = make([]uint32, (s.size+pageSize-1)/pageSize)
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
			if s.add(buf[:whole], from, keep); s.n > maxStill {
				return s, false
			}
		}
	}
	return s, true
}

// atOnce is how many bytes copyFile reads at once: so few that they stay in the processor's cache.
const atOnce = 64 << 10

// add adds the pages in b, which begin at off, or, unless keep is set, only what they take.
func (s *sparse) add(b []byte, off int64, keep bool) {
	const blocks = pageSize / blockSize
	for at := off / pageSize; len(b) >= pageSize; at++ {
		page := b[:pageSize]
		b = b[pageSize:]
		var room []byte
		if keep {
			s.data = slices.Grow(s.data, blocks*(8+blockSize))
			room = s.data[s.n:][:blocks*(8+blockSize)]
		}
		n := 0
		for ; len(page) > 0; page = page[blockSize:] {
			if keep {
				n += reach.PackWords(room[n:], page[:blockSize])
			} else {
				n += reach.PackedSize(page[:blockSize])
			}
		}
		if n == blocks*8 {
			continue // the page is zero
		}
		if keep {
			s.pages[at] = uint32(s.n) + 1
			s.data = s.data[:s.n+n]
		}
		s.n += n
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
	var block [blockSize]byte
	for n < len(b) {
		at := off + int64(n)
		if page := s.pages[at/pageSize]; page == 0 {
			clear(block[:])
		} else {
			data := s.data[page-1:]
			for range at % pageSize / blockSize {
				data = reach.SkipWords(data)
			}
			reach.UnpackWords(block[:], data)
		}
		n += copy(b[n:], block[at%blockSize:])
	}
	return n, err
}
