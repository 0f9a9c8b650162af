package record

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A look is what a report read from the program itself. It is kept behind the end of the record, so that, if the
// program is killed, the next report has the states and stacks of the goroutines that have not moved since, and knows
// which had exited. It is written from outside, without the program.
type look struct {
	Taken      int64        // of the program's clock
	Goroutines []lookedUpon // those that had reached a probe
	Objects    []lookedAt   // those for which the program or the system told something
	// Proof is what the program's memory proved; nil: it was not read. What is proven stays so.
	Proof *provenThen `json:",omitempty"`
}

type provenThen struct {
	KeptBytes uint64
	Kept      []Kept
	// Others are leaked goroutines that have reached no probe.
	Others []lookedUpon
}

// A Kept counts the bytes that only its goroutines keep alive.
type Kept struct {
	Goroutines []int64
	Bytes      uint64
}

type lookedUpon struct {
	ID            int64
	Steps         uint32
	State, Reason string
	Leaked        bool              `json:",omitempty"`
	IO            *snapshot.IO      `json:",omitempty"` // of the operation that it is in
	Labels        map[string]string `json:",omitempty"`
	CreatedBy     *snapshot.Created `json:",omitempty"`
	Stack         []snapshot.Frame  `json:",omitempty"`
	Blocked       *snapshot.Blocked `json:",omitempty"`
	Reach         *snapshot.Reach   `json:",omitempty"`
}

// upon returns what the look has of g.
func upon(g *snapshot.Goroutine) lookedUpon {
	return lookedUpon{
		g.ID, g.Steps, g.State, g.Reason, g.Leaked, ioOf(g), g.Labels, g.CreatedBy, g.Stack, g.Blocked, g.Reach,
	}
}

// tell adds to g what was has of it.
func (was *lookedUpon) tell(g *snapshot.Goroutine) {
	g.State, g.Reason, g.Leaked, g.CreatedBy, g.Stack = was.State, was.Reason, was.Leaked, was.CreatedBy, was.Stack
	g.Blocked, g.Reach, g.Labels = was.Blocked, was.Reach, was.Labels
}

// holds reports whether was is proven to wait for ever, and has not moved since, by the number of its steps.
func (was *lookedUpon) holds(steps uint32) bool {
	return was.Reach != nil && was.Reach.Answer == snapshot.Proven && was.Steps == steps
}

// isProven reports whether nothing can wake g.
func isProven(g *snapshot.Goroutine) bool { return g.Reach != nil && g.Reach.Answer == snapshot.Proven }

type lookedAt struct {
	Addr     uint64
	Len, Cap int
	Count    int          // of a WaitGroup, or -1
	Stopped  bool         `json:",omitempty"`
	IO       *snapshot.IO `json:",omitempty"`
}

// A look begins, at the end of the record, with lookMagic, its length and its checksum.
const (
	lookMagic  = 0x316b6f6f6c // "look1"
	lookHeader = 24
	maxLook    = 64 << 20 // bytes
)

// Keep keeps what s, a snapshot that was joined with the states of its goroutines, has beyond the record, and what the
// goroutines of findings keep alive. It keeps nothing without room or permission to write.
func (r *Record) Keep(s *snapshot.Snapshot, kept []Kept) {
	h, err := readHeader(r.src)
	if err != nil || !r.writable || !r.endsAt(int64(h.Size)) {
		return
	}
	l := look{Taken: s.Taken}
	var others []lookedUpon
	proven := false
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		switch {
		case g.Last != nil:
			l.Goroutines = append(l.Goroutines, upon(g))
		case isProven(g):
			others = append(others, upon(g))
		}
		proven = proven || isProven(g)
	}
	// If this look had no time for proofs, those of an earlier one are kept.
	if m := s.Memory; m != nil && (m.NoProof == "" || proven) {
		l.Proof = &provenThen{KeptBytes: m.KeptBytes, Kept: kept, Others: others}
	} else if old := r.kept(); old != nil {
		l.retain(old)
	}
	for _, o := range s.Objects {
		if o.Len >= 0 || o.Count >= 0 || o.IO != nil {
			l.Objects = append(l.Objects, lookedAt{o.Addr, o.Len, o.Cap, o.Count, o.Stopped, o.IO})
		}
	}
	text, err := json.Marshal(l)
	if err != nil || len(text) > maxLook {
		return
	}
	b := binary.LittleEndian.AppendUint64(nil, lookMagic)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(text)))
	b = binary.LittleEndian.AppendUint64(b, uint64(crc32.ChecksumIEEE(text)))
	// A partial look, or one that two commands wrote at once, fails its checksum.
	_, _ = r.file.WriteAt(append(b, text...), int64(h.Size))
}

// retain adds to l, a look that had no proofs, those of an earlier one.
func (l *look) retain(old *look) {
	seen := make(map[int64]*lookedUpon, len(old.Goroutines))
	for i := range old.Goroutines {
		seen[old.Goroutines[i].ID] = &old.Goroutines[i]
	}
	for i := range l.Goroutines {
		g := &l.Goroutines[i]
		if was := seen[g.ID]; was != nil && was.holds(g.Steps) {
			g.Reach, g.Blocked = was.Reach, was.Blocked
		}
	}
	l.Proof = old.Proof
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
	return err == nil && binary.LittleEndian.Uint64(b) == lookMagic
}

// HasLook reports whether a look is kept behind the record.
func (r *Record) HasLook() bool { return r.kept() != nil }

// kept returns the look behind the record, or nil. Like the record, it may be any bytes.
func (r *Record) kept() *look {
	h, err := readHeader(r.src)
	if err != nil || r.file == nil {
		return nil
	}
	b := make([]byte, lookHeader)
	if _, err := r.file.ReadAt(b, int64(h.Size)); err != nil || binary.LittleEndian.Uint64(b) != lookMagic {
		return nil
	}
	n, sum := binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:])
	if fi, err := r.file.Stat(); err != nil || n > maxLook || int64(n) > fi.Size()-int64(h.Size) {
		return nil
	}
	text := make([]byte, n)
	if _, err := r.file.ReadAt(text, int64(h.Size)+lookHeader); err != nil || uint64(crc32.ChecksumIEEE(text)) != sum {
		return nil
	}
	if r.known != nil && sum == r.knownSum {
		return r.known
	}
	l := new(look)
	if json.Unmarshal(text, l) != nil {
		return nil
	}
	r.known, r.knownSum = l, sum
	return l
}

// Recall adds to s, the snapshot of a running program, what the last look proved of goroutines that are still in the
// same wait.
func (r *Record) Recall(s *snapshot.Snapshot) {
	l := r.kept()
	if l == nil {
		return
	}
	told := false
	for i := range l.Goroutines {
		was := &l.Goroutines[i]
		if k, ok := s.Find(was.ID); ok && was.holds(s.Goroutines[k].Steps) && len(s.Goroutines[k].Waits) > 0 {
			was.tell(&s.Goroutines[k])
			told = true
		}
	}
	if told {
		s.Process.Looked, s.Memory = l.Taken, l.Proof.memory()
	}
}

// recall adds to s, the snapshot of an ended program, the states and stacks of the last look for goroutines that have
// not moved since, and removes those that had exited.
func recall(s *snapshot.Snapshot, l *look) {
	s.Process.Looked = l.Taken
	seen := make(map[int64]*lookedUpon, len(l.Goroutines))
	for i := range l.Goroutines {
		seen[l.Goroutines[i].ID] = &l.Goroutines[i]
	}
	kept := s.Goroutines[:0]
	for _, g := range s.Goroutines {
		was, ok := seen[g.ID]
		switch {
		case !ok && g.LastAt < l.Taken && !moved(&g, l.Taken):
			s.Orphans = append(s.Orphans, g.Left()...)
			continue
		case ok && was.Steps == g.Steps:
			was.tell(&g)
			g.DropContradicted()
			if len(g.Waits) > 0 {
				g.Waits[0].IO = was.IO
			}
		}
		kept = append(kept, g)
	}
	clear(s.Goroutines[len(kept):])
	s.Goroutines = kept
	ids := make(map[uint32]bool, len(kept))
	for i := range kept {
		ids[uint32(kept[i].ID)] = true
	}
	l.Proof.recall(s)
	for _, was := range l.Objects {
		if o := s.Objects[was.Addr]; o != nil {
			o.Len, o.Count, o.Stopped, o.IO = was.Len, was.Count, was.Stopped, was.IO
			if o.Cap < 0 {
				o.Cap = was.Cap
			}
		}
	}
	for _, o := range s.Objects {
		for _, f := range []*snapshot.Fact{o.Made, o.Sent, o.Received, o.Closed} {
			if f != nil && f.At < l.Taken {
				f.Exited = f.Exited || !ids[uint32(f.Goroutine)]
			}
		}
	}
}

// recall adds to s what was proven. p may be nil.
func (p *provenThen) recall(s *snapshot.Snapshot) {
	if p == nil {
		return
	}
	for _, was := range p.Others {
		if _, ok := s.Find(was.ID); !ok {
			s.Goroutines = append(s.Goroutines, snapshot.Goroutine{
				ID: was.ID, State: was.State, Reason: was.Reason, CreatedBy: was.CreatedBy,
				Stack: was.Stack, Blocked: was.Blocked, Reach: was.Reach, Labels: was.Labels,
			})
		}
	}
	slices.SortFunc(s.Goroutines, func(a, b snapshot.Goroutine) int { return cmp.Compare(a.ID, b.ID) })
	s.Memory = p.memory()
}

// memory returns what is kept of the program's memory. p may be nil.
func (p *provenThen) memory() *snapshot.Memory {
	if p == nil {
		return nil
	}
	bytes := make(map[string]uint64)
	key := func(ids []int64) string { return fmt.Sprint(slices.Sorted(slices.Values(ids))) }
	for _, k := range p.Kept {
		bytes[key(k.Goroutines)] = k.Bytes
	}
	return &snapshot.Memory{KeptBytes: p.KeptBytes, Kept: func(ids []int64) uint64 { return bytes[key(ids)] }}
}

// moved reports whether g reached a probe at t or later, by its coarse times: they are exact to a millisecond, and may
// lag for a goroutine that passes probes without reading the clock.
func moved(g *snapshot.Goroutine, t int64) bool {
	const slack = 20e6
	return len(g.Waits) > 0 || g.LastAt+slack >= t
}
