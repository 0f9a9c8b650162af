package record

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"hash/maphash"
	"io"
	"slices"
	"strconv"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A lookWriter writes a look in JSON, a part after the other: of 100,000 goroutines, the text is 15 MB.
type lookWriter struct {
	taken      int64
	tellings   texts
	blocked    texts
	goroutines []lookedUpon
	objects    []*snapshot.Object
	proof      *provenThen
}

// upon returns what the look has of g.
func (w *lookWriter) upon(g *snapshot.Goroutine) lookedUpon {
	was := lookedUpon{ID: g.ID, Steps: g.Steps}
	was.Telling = w.tellings.index(telling{
		g.State, g.Reason, g.Leaked, ioOf(g), g.Labels, g.CreatedBy, g.Stack, g.Reach,
	})
	if g.Blocked != nil {
		was.Blocked = 1 + w.blocked.index(g.Blocked)
	}
	return was
}

// A texts is a list of different values in JSON.
type texts struct {
	list []byte // the values, with a comma behind each
	ends []int  // of the values in list
	// at has the indexes of values by their hashes; those with one hash follow each other.
	at   map[uint64]int32
	seed maphash.Seed
}

// index returns the index of v, which it adds if the list has nothing that is as v in JSON.
func (t *texts) index(v any) int32 {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // JSON can express everything in it
	}
	if t.at == nil {
		t.at, t.seed = make(map[uint64]int32), maphash.MakeSeed()
	}
	for h := maphash.Bytes(t.seed, text); ; h++ {
		i, ok := t.at[h]
		if !ok {
			i = int32(len(t.ends))
			t.at[h] = i
			t.list = append(append(t.list, text...), ',')
			t.ends = append(t.ends, len(t.list))
			return i
		}
		from := 0
		if i > 0 {
			from = t.ends[i-1]
		}
		if bytes.Equal(t.list[from:t.ends[i]-1], text) {
			return i
		}
	}
}

// write writes the look.
func (w *lookWriter) write(out io.Writer) error {
	b := bufio.NewWriterSize(out, atOnce)
	fmt.Fprintf(b, `{"Taken":%d,"Tellings":[`, w.taken)
	b.Write(bytes.TrimSuffix(w.tellings.list, []byte(",")))
	b.WriteString(`],"Blocked":[`)
	b.Write(bytes.TrimSuffix(w.blocked.list, []byte(",")))
	b.WriteString(`],"Goroutines":[`)
	for i := range w.goroutines {
		g := &w.goroutines[i]
		one := strconv.AppendInt(append(comma(b, i), `{"ID":`...), g.ID, 10)
		one = strconv.AppendUint(append(one, `,"Steps":`...), uint64(g.Steps), 10)
		one = strconv.AppendInt(append(one, `,"Telling":`...), int64(g.Telling), 10)
		if g.Blocked != 0 {
			one = strconv.AppendInt(append(one, `,"Blocked":`...), int64(g.Blocked), 10)
		}
		b.Write(append(one, '}'))
	}
	b.WriteString(`],"Objects":[`)
	for i, o := range w.objects {
		one, err := json.Marshal(lookedAt{o.Addr, o.Len, o.Cap, o.Count, o.Stopped, o.IO})
		if err != nil {
			return err
		}
		b.Write(append(comma(b, i), one...))
	}
	proof, err := json.Marshal(w.proof)
	if err != nil {
		return err
	}
	b.WriteString(`],"Proof":`)
	b.Write(append(proof, '}'))
	return b.Flush()
}

// comma returns the beginning of element i of a list, which has room in b for more.
func comma(b *bufio.Writer, i int) []byte {
	if i == 0 {
		return b.AvailableBuffer()
	}
	return append(b.AvailableBuffer(), ',')
}

// Keep keeps what s, a snapshot that was joined with the states of its goroutines, has beyond the record, and what the
// goroutines of findings keep alive. It keeps nothing without room or permission to write.
func (r *Record) Keep(s *snapshot.Snapshot, kept []Kept) {
	h, err := readHeader(r.src)
	if err != nil || !r.writable || !r.endsAt(int64(h.Size)) {
		return
	}
	w := lookWriter{taken: s.Taken, goroutines: make([]lookedUpon, 0, len(s.Goroutines))}
	if !w.addGoroutines(s, kept, r) {
		return
	}
	for _, o := range s.Objects {
		if o.Len >= 0 || o.Count >= 0 || o.IO != nil {
			w.objects = append(w.objects, o)
		}
	}
	sum := checksum{}
	if err := w.write(&sum); err != nil || sum.n > maxLook {
		return
	}
	b := binary.LittleEndian.AppendUint64(nil, lookMagic)
	b = binary.LittleEndian.AppendUint64(b, sum.n)
	b = binary.LittleEndian.AppendUint64(b, uint64(sum.crc))
	// A partial look, or one that two commands wrote at once, fails its checksum.
	out := io.NewOffsetWriter(r.file, int64(h.Size))
	if _, err := out.Write(b); err == nil {
		_ = w.write(out)
	}
}

// addGoroutines adds what the look has of goroutines, and what is proven of them. A look that had no time for proofs
// keeps those of the one before it, in r. It returns false if that is too much.
func (w *lookWriter) addGoroutines(s *snapshot.Snapshot, kept []Kept, r *Record) bool {
	var old *look
	proven := slices.ContainsFunc(s.Goroutines, func(g snapshot.Goroutine) bool { return isProven(&g) })
	if m := s.Memory; m != nil && (m.NoProof == "" || proven) {
		w.proof = &provenThen{KeptBytes: m.KeptBytes, Kept: kept}
	} else if old = r.kept(); old != nil {
		w.retain(old)
	}
	held := old.proven()
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		switch was := held[g.ID]; {
		case was != nil && old.holds(was, g.Steps) && g.Last != nil:
			still := *g
			still.Reach, still.Blocked = old.reachOf(was), old.blockedOf(was)
			w.goroutines = append(w.goroutines, w.upon(&still))
		case g.Last != nil:
			w.goroutines = append(w.goroutines, w.upon(g))
		case isProven(g) && old == nil && w.proof != nil:
			w.proof.Others = append(w.proof.Others, w.upon(g))
		}
		if len(w.tellings.list)+len(w.blocked.list) > maxLook {
			return false
		}
	}
	return true
}

// A checksum counts and sums up what is written to it.
type checksum struct {
	n   uint64
	crc uint32
}

// Write implements io.Writer.
func (c *checksum) Write(b []byte) (int, error) {
	c.n += uint64(len(b))
	c.crc = crc32.Update(c.crc, crc32.IEEETable, b)
	return len(b), nil
}

// retain adds to w, a look that had no proofs, what an earlier one has proven besides its goroutines.
func (w *lookWriter) retain(old *look) {
	if old.Proof == nil {
		return
	}
	w.proof = &provenThen{KeptBytes: old.Proof.KeptBytes, Kept: old.Proof.Kept}
	for i := range old.Proof.Others {
		was := &old.Proof.Others[i]
		g := snapshot.Goroutine{ID: was.ID, Steps: was.Steps}
		old.tell(was, &g)
		w.proof.Others = append(w.proof.Others, w.upon(&g))
	}
}

// ioOf returns what is known of the operation that g is in.
func ioOf(g *snapshot.Goroutine) *snapshot.IO {
	if len(g.Waits) == 0 {
		return nil
	}
	return g.Waits[0].IO
}

// endsAt reports whether the record ends at offset end of its file, followed by nothing or a look. A wrong number in a
// header must not make us write into the part that the program has mapped.
func (r *Record) endsAt(end int64) bool {
	fi, err := r.file.Stat()
	if err != nil || fi.Size() < end {
		return false
	}
	if fi.Size() == end {
		return true
	}
	b := make([]byte, 8)
	_, err = r.file.ReadAt(b, end)
	return err == nil && bytes.Equal(b[:len(anyLook)], anyLook)
}
