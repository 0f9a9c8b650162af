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
//
// It stores once what several goroutines share: of 100,000 goroutines most differ by their IDs alone. A lookWriter
// writes it.
type look struct {
	Taken      int64               // of the program's clock
	Tellings   []telling           `json:",omitempty"`
	Blocked    []*snapshot.Blocked `json:",omitempty"`
	Goroutines []lookedUpon        // those that had reached a probe
	Objects    []lookedAt          // those for which the program or the system told something
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
	ID      int64
	Steps   uint32
	Telling int32 // index in look.Tellings
	Blocked int32 `json:",omitempty"` // index in look.Blocked, from 1; 0: nothing
}

// A telling is what a look says about a goroutine, besides what it waits on.
type telling struct {
	State, Reason string
	Leaked        bool              `json:",omitempty"`
	IO            *snapshot.IO      `json:",omitempty"` // of the operation that it is in
	Labels        map[string]string `json:",omitempty"`
	CreatedBy     *snapshot.Created `json:",omitempty"`
	Stack         []snapshot.Frame  `json:",omitempty"`
	Reach         *snapshot.Reach   `json:",omitempty"`
}

// valid reports whether the indexes of l are within it.
func (l *look) valid() bool {
	wrong := func(was lookedUpon) bool {
		return was.Telling < 0 || int(was.Telling) >= len(l.Tellings) || was.Blocked < 0 ||
			int(was.Blocked) > len(l.Blocked)
	}
	return !slices.ContainsFunc(l.Goroutines, wrong) && (l.Proof == nil || !slices.ContainsFunc(l.Proof.Others, wrong))
}

// tell adds to g what l has of it in was.
func (l *look) tell(was *lookedUpon, g *snapshot.Goroutine) {
	t := &l.Tellings[was.Telling]
	g.State, g.Reason, g.Leaked, g.CreatedBy, g.Stack = t.State, t.Reason, t.Leaked, t.CreatedBy, t.Stack
	g.Reach, g.Labels, g.Blocked = t.Reach, t.Labels, l.blockedOf(was)
}

func (l *look) reachOf(was *lookedUpon) *snapshot.Reach { return l.Tellings[was.Telling].Reach }

func (l *look) blockedOf(was *lookedUpon) *snapshot.Blocked {
	if was.Blocked == 0 {
		return nil
	}
	return l.Blocked[was.Blocked-1]
}

// holds reports whether was is proven to wait for ever, and has not moved since, by the number of its steps.
func (l *look) holds(was *lookedUpon, steps uint32) bool {
	r := l.reachOf(was)
	return r != nil && r.Answer == snapshot.Proven && was.Steps == steps
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
	lookMagic  = 0x326b6f6f6c // "look2"
	lookHeader = 24
	maxLook    = 64 << 20 // bytes
)

// anyLook is how a look begins, of this version or another.
var anyLook = []byte("look")

// proven returns the goroutines of l that are proven to wait for ever, by ID. l may be nil.
func (l *look) proven() map[int64]*lookedUpon {
	if l == nil {
		return nil
	}
	list := make(map[int64]*lookedUpon)
	for i := range l.Goroutines {
		if was := &l.Goroutines[i]; l.holds(was, was.Steps) {
			list[was.ID] = was
		}
	}
	return list
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
	if json.Unmarshal(text, l) != nil || !l.valid() {
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
		if k, ok := s.Find(was.ID); ok && l.holds(was, s.Goroutines[k].Steps) && len(s.Goroutines[k].Waits) > 0 {
			l.tell(was, &s.Goroutines[k])
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
			l.tell(was, &g)
			g.DropContradicted()
			if len(g.Waits) > 0 {
				g.Waits[0].IO = l.Tellings[was.Telling].IO
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
	l.recallProof(s)
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

// recallProof adds to s what was proven.
func (l *look) recallProof(s *snapshot.Snapshot) {
	if l.Proof == nil {
		return
	}
	for i := range l.Proof.Others {
		was := &l.Proof.Others[i]
		if _, ok := s.Find(was.ID); !ok {
			g := snapshot.Goroutine{ID: was.ID}
			l.tell(was, &g)
			s.Goroutines = append(s.Goroutines, g)
		}
	}
	slices.SortFunc(s.Goroutines, func(a, b snapshot.Goroutine) int { return cmp.Compare(a.ID, b.ID) })
	s.Memory = l.Proof.memory()
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
