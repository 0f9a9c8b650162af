package target

import (
	"cmp"
	"os"
	"slices"

	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/runtime"
)

// A copies holds pieces of a program's memory that were copied while it stood still, to be read after it has gone on.
// The pieces are sorted by address and do not overlap. New pieces wait in added and are sorted in later, so that the
// program does not stand still for it.
type copies struct {
	pieces, added []piece
	room          []byte // for the next copies
	src           reach.Source
}

// ready makes room for n bytes. The system provides memory when it is written to, which takes longer than copying.
func (c *copies) ready(n uint64) {
	c.room = make([]byte, n)
	for i := 0; i < len(c.room); i += os.Getpagesize() {
		c.room[i] = 1
	}
}

// take returns room for n bytes.
func (c *copies) take(n int) []byte {
	if len(c.room) < n {
		c.room = make([]byte, max(n, maxRun))
	}
	b := c.room[:n:n]
	c.room = c.room[n:]
	return b
}

// giveBack makes room that take has returned free for what is taken next.
func (c *copies) giveBack(b []byte) {
	if len(b) > len(c.room) {
		c.room = b
	}
}

// A piece is memory from an address.
type piece struct {
	addr uint64
	data []byte
}

func (p piece) end() uint64 { return p.addr + uint64(len(p.data)) }

// add adds pieces. Existing pieces stay.
func (c *copies) add(more []piece) { c.added = append(c.added, more...) }

// sort moves the added pieces to their places.
func (c *copies) sort() {
	all := append(c.pieces, c.added...)
	c.added = nil
	slices.SortStableFunc(all, func(a, b piece) int { return cmp.Compare(a.addr, b.addr) })
	c.pieces = all[:0]
	end := uint64(0)
	for _, p := range all {
		if p.end() <= end {
			continue
		}
		if p.addr < end {
			p = piece{end, p.data[end-p.addr:]}
		}
		c.pieces = append(c.pieces, p)
		end = p.end()
	}
}

// patch overwrites in b, the memory at addr, what was copied, and returns the number of these bytes. A nil c has none.
func (c *copies) patch(b []byte, addr uint64) (n int) {
	if c == nil {
		return 0
	}
	if len(c.added) > 0 {
		c.sort()
	}
	i, _ := slices.BinarySearchFunc(c.pieces, addr,
		func(p piece, addr uint64) int { return cmp.Compare(p.end(), addr+1) })
	for end := addr + uint64(len(b)); i < len(c.pieces) && c.pieces[i].addr < end; i++ {
		p := c.pieces[i]
		from := max(p.addr, addr)
		n += copy(b[from-addr:], p.data[from-p.addr:])
	}
	return n
}

const (
	// maxStackCopy bounds the bytes that are copied of one stack. The frames that are read take less.
	maxStackCopy  = 64 << 10
	maxStackBytes = 256 << 20 // bytes that are copied of all stacks
)

// copyMany copies pieces of the given addresses and lengths, with as few system calls as possible. It leaves pieces
// that cannot be read out of the copies, and returns nil for them.
func (c *copies) copyMany(addrs []uint64, lengths []uint64) [][]byte {
	bufs := make([][]byte, len(addrs))
	for i, n := range lengths {
		bufs[i] = c.take(int(n))
	}
	bad := c.src.ReadMany(bufs, addrs)
	list := make([]piece, 0, len(addrs))
	for i := range addrs {
		if len(bad) > 0 && bad[0] == i {
			bad, bufs[i] = bad[1:], nil
			continue
		}
		list = append(list, piece{addrs[i], bufs[i]})
	}
	c.add(list)
	return bufs
}

const (
	// maxCopied bounds the goroutines whose stack is copied, and perPlace those that wait for one reason and were
	// started at one place, by their IDs from the first and from the last. A report shows few stacks, most of
	// goroutines that do not move.
	maxCopied = 4096
	perPlace  = 256
)

// copyStacks copies the descriptors and stacks of goroutines, each from the goroutine's position: of all, or, if they
// are many, of those that do not wait, and of some of each kind. What others have on theirs is read later, unless they
// have moved: see stay.
func (s *session) copyStacks() {
	var addrs, lengths []uint64
	total := uint64(0)
	for _, i := range s.worthCopying() {
		g := &s.gs[i]
		if g.stackHi <= g.stackLo {
			continue
		}
		from, n := g.sp, min(g.stackHi-g.sp, maxStackCopy)
		if g.onProcessor() || g.sp < g.stackLo || g.sp >= g.stackHi { // registers say where it is
			n = min(g.stackHi-g.stackLo, maxStackCopy)
			from = g.stackHi - n
		}
		if total += n; total > maxStackBytes {
			break
		}
		g.copied = true
		addrs, lengths = append(addrs, from, g.addr), append(lengths, n, uint64(s.g.size))
	}
	s.copies.copyMany(addrs, lengths)
}

// worthCopying returns the goroutines, by their indexes, whose stacks copyStacks copies.
func (s *session) worthCopying() (list []int32) {
	byID := make([]int32, 0, len(s.gs))
	for i := range s.gs {
		if s.gs[i].alive() {
			byID = append(byID, int32(i))
		}
	}
	slices.SortFunc(byID, func(a, b int32) int { return cmp.Compare(s.gs[a].id, s.gs[b].id) })
	if len(byID) <= maxCopied {
		return byID
	}
	var rest []int32
	for _, i := range byID {
		if s.gs[i].onProcessor() {
			list = append(list, i)
		} else if s.gs[i].status != runtime.GWaiting && len(rest) < maxCopied {
			rest = append(rest, i)
		}
	}
	list = append(list, rest...)
	listed := make([]bool, len(s.gs))
	seen := make(map[uint64]int)
	add := func(i int32, most int) {
		g := &s.gs[i]
		if g.status != runtime.GWaiting || listed[i] || len(list) >= maxCopied {
			return
		}
		place := g.gopc<<8 | uint64(g.reason) // an address has less than 56 bits
		if n := seen[place]; n < most {
			seen[place] = n + 1
			listed[i] = true
			list = append(list, i)
		}
	}
	for _, i := range byID {
		add(i, perPlace)
	}
	for _, i := range slices.Backward(byID) {
		add(i, 2*perPlace)
	}
	return list
}

// objectTypes are the types of the objects that are read.
var objectTypes = map[runtime.Kind]string{
	runtime.KindChan: "runtime.hchan", runtime.KindWaitGroup: "sync.WaitGroup",
}

// copyObjects copies the objects refs, and the timers of channels.
func (s *session) copyObjects(refs []Ref) {
	var addrs, lengths []uint64
	var kinds []runtime.Kind
	sizes := make(map[runtime.Kind]uint64)
	for kind, name := range objectTypes {
		sizes[kind] = uint64(s.sizes[name])
	}
	for _, ref := range refs {
		if n := sizes[ref.Kind]; ref.Addr != 0 && n > 0 {
			addrs, lengths, kinds = append(addrs, ref.Addr), append(lengths, n), append(kinds, ref.Kind)
		}
	}
	copied := s.copies.copyMany(addrs, lengths)
	timer := uint64(s.sizes["runtime.timer"])
	if s.chanTimer.size == 0 || timer == 0 {
		return
	}
	addrs, lengths = nil, nil
	for i, b := range copied {
		if kinds[i] != runtime.KindChan || b == nil {
			continue
		}
		if addr := s.chanTimer.uint(b); addr != 0 {
			addrs, lengths = append(addrs, addr), append(lengths, timer)
		}
	}
	s.copies.copyMany(addrs, lengths)
}

// dropMoved forgets the operating system's side of the waits of goroutines that have moved since the program stood
// still, because it was read afterwards. It keeps Ends, the server that a goroutine shuts down: that is on its stack,
// which was copied, and such a goroutine looks again and again.
func (s *session) dropMoved(res *Result) {
	for id := range res.Blocked {
		if i, ok := s.find(id); !ok || !s.stays(&s.gs[i]) {
			ends := res.Blocked[id].Ends
			delete(res.Blocked, id)
			if ends != 0 {
				res.Blocked[id] = Blocked{FD: -1, Deadline: -1, Ends: ends}
			}
		}
	}
}

// stays reports whether a goroutine has not left its processor since the program stood still, by its descriptor now.
func (s *session) stays(was *goroutine) bool {
	b := make([]byte, s.g.size)
	var g goroutine
	if readFull(s.now, b, was.addr) != nil {
		return false
	}
	s.g.decode(b, &g)
	return g.id == was.id && g.status == was.status && g.parks == was.parks && g.sp == was.sp
}
