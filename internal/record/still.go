package record

import (
	"io"
	"os"
	"runtime"

	collector "github.com/awaittrace/awaittrace/runtime"

	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// maxStill bounds what Still copies, in bytes.
const maxStill = 128 << 20

// roomToGrow is how much a record may grow between ReadyStill and Still, in bytes: it has holes, which are filled as
// the program goes on.
const roomToGrow = 1 << 20

// ReadyStill allocates the room that the next call of Still needs, so that the program stands still only while its
// record is copied.
func (r *Record) ReadyStill() {
	r.freeRoom()
	if s, ok := r.copyInto(nil); ok {
		r.room = s.room
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
	data, ok := r.copyInto(r.room)
	if data.room != nil {
		r.room = data.room
	}
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

// A sparse is the content of a file with holes. It implements io.ReaderAt.
type sparse struct {
	size   int64
	pieces []extent
	room   []byte // holds the pieces, except those that did not fit
}

type extent struct {
	off  int64
	data []byte
}

// How Linux seeks in a file with holes: see lseek(2).
const (
	seekData = 3
	seekHole = 4
)

// copyInto copies the file of the record, up to the record's end, as copyFile does.
func (r *Record) copyInto(room []byte) (sparse, bool) {
	if r.file == nil || runtime.GOOS != "linux" {
		return sparse{}, false
	}
	h, err := readHeader(r.src)
	if err != nil {
		return sparse{}, false
	}
	return copyFile(r.file, room, int64(h.Size))
}

// copyFile copies what a file has between its holes, up to end, into room as far as that goes. If room is nil, it
// allocates it. A kept look is behind the end of the record (see Keep).
func copyFile(f *os.File, room []byte, end int64) (s sparse, ok bool) {
	fi, err := f.Stat()
	if err != nil {
		return s, false
	}
	s.size = min(fi.Size(), end)
	if n := max(allocated(fi)-(fi.Size()-s.size), 0); room == nil && n <= maxStill {
		room = reach.Room(int(n) + roomToGrow)
	}
	s.room = room
	total := int64(0)
	for off := int64(0); off < s.size; {
		from, err := f.Seek(off, seekData)
		if err != nil || from >= s.size {
			break // a hole extends to the end
		}
		to, err := f.Seek(from, seekHole)
		to = min(to, s.size)
		if total += to - from; err != nil || to <= from || total > maxStill {
			return s, false
		}
		if int64(len(room)) < to-from {
			room = make([]byte, to-from)
		}
		e := extent{from, room[: to-from : to-from]}
		room = room[to-from:]
		if _, err := f.ReadAt(e.data, from); err != nil && err != io.EOF {
			return s, false
		}
		s.pieces = append(s.pieces, e)
		off = to
	}
	return s, true
}

// ReadAt implements io.ReaderAt.
func (s sparse) ReadAt(b []byte, off int64) (n int, err error) {
	if off < 0 || off >= s.size {
		return 0, io.EOF
	}
	if int64(len(b)) > s.size-off {
		b, err = b[:s.size-off], io.EOF
	}
	clear(b)
	for _, e := range s.pieces {
		if from := max(e.off, off); from < min(e.off+int64(len(e.data)), off+int64(len(b))) {
			copy(b[from-off:], e.data[from-e.off:])
		}
	}
	return len(b), err
}
