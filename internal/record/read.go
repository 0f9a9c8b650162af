package record

import (
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// The parts that a snapshot from a record may lack (keys of Snapshot.Dropped).
const (
	DroppedGoroutines = "goroutines without room in the record"
	DroppedSites      = "probes without room in the record"
	DroppedLocks      = "locks held without room in the record"
	DroppedOrders     = "orders of locks forgotten for want of room"
	DroppedMoving     = "goroutines that moved while they were read"
	DroppedPrivate    = "parts of the record in memory that cannot be read"
	DroppedDamaged    = "damaged entries of the record"
)

// readRecord returns what the record in src says. now is the present, in nanoseconds of the program's monotonic clock,
// or zero if the program has ended. What the record does not hold, such as State and arguments, is empty. The
// goroutines have neither states nor stacks (see snapshot.Snapshot.Join).
func readRecord(src Source, now int64, what part) (*snapshot.Snapshot, error) {
	h, err := readHeader(src)
	if err != nil {
		return nil, err
	}
	r := newReader(src, h, now)
	r.part = what
	r.process()
	tables := []func() error{r.readSites, r.readSlots, r.readOrphans, r.readObjects, r.readWaited, r.readOrders}
	for _, table := range tables {
		if err := table(); err != nil {
			return nil, err
		}
	}
	r.drop(DroppedGoroutines, h.DroppedGoroutines)
	r.drop(DroppedSites, h.DroppedSites)
	r.drop(DroppedLocks, h.DroppedHeld)
	r.drop(snapshot.DroppedObjects, h.DroppedObjects)
	r.drop(DroppedOrders, h.DroppedOrders)
	r.finish()
	return r.snap, nil
}

// A part is how much of a record is read.
type part int

const (
	partWhole part = iota
	partUsed       // see Record.UsedSnapshot
	partLocks      // see Record.LockSnapshot
)

// A reader is one reading of a record.
type reader struct {
	src     Source
	h       runtime.Header
	now     int64
	snap    *snapshot.Snapshot
	probes  []*snapshot.Probe          // by site number; nil: the site is damaged
	cases   []uint16                   // by site number: the number of communication clauses of a select
	ids     []int64                    // of all goroutines, sorted by their low 32 bits
	groups  map[uint64]*runtime.Object // the WaitGroups about which slots have facts
	part    part
	left    map[uint64]bool // the goroutines that have left locks behind; only for partLocks
	tests   map[uint32]*snapshot.Test
	latest  int64 // the latest time that the record mentions
	facts   slab[snapshot.Fact]
	waiting slab[snapshot.Wait]
	steps   slab[snapshot.Step]
	clauses slab[snapshot.Case]
}

func newReader(src Source, h runtime.Header, now int64) *reader {
	return &reader{src: src, h: h, now: now, groups: make(map[uint64]*runtime.Object),
		snap: &snapshot.Snapshot{Dropped: make(map[string]int)}}
}

func (r *reader) drop(what string, n uint32) {
	if n > 0 {
		r.snap.Dropped[what] += int(n)
	}
}

// unkept has the reasons why a record is not in a file, by Header.Where.
var unkept = map[uint8]string{
	runtime.WhereNoFolder:  "its folder (AWAITTRACE_DIR, or else in /dev/shm) could not be made or opened",
	runtime.WhereNotOurs:   "its folder belongs to another user, or lets others in: chmod 700 it",
	runtime.WhereNoRoom:    "its folder has no room for it, or takes no files",
	runtime.WhereLimit:     "the size of files is limited: raise ulimit -f",
	runtime.WhereUntouched: "the system has no files for it",
}

// process fills in what the header says of the program as a whole.
func (r *reader) process() {
	p := &r.snap.Process
	p.Pid = int(r.h.Pid)
	p.StartWall = r.h.StartWall
	switch r.h.Off {
	case runtime.OffNot:
	case runtime.OffAsked:
		p.Off = "AWAITTRACE=off was set"
	case runtime.OffNoID:
		p.Off = "the runtime's goroutine ids could not be found"
	case runtime.OffNoSpace:
		p.Off = "there was no memory for the record"
	default:
		p.Off = "the collector met a fault"
	}
	p.Unkept = unkept[r.h.Where]
	meta, err := r.src.region(uint64(r.h.MetaOff), uint64(r.h.MetaLen))
	if err != nil || len(meta) == 0 {
		return
	}
	f := strings.Split(string(meta), "\x00")
	p.Exe = f[0]
	if len(f) > 1 {
		p.Go = f[1]
	}
	if len(f) > 2 {
		p.Args = f[2:]
	}
}

// time converts a coarse time to nanoseconds of the program's clock; 0: unknown.
func (r *reader) time(coarse uint32) int64 {
	if coarse == 0 {
		return 0
	}
	t := r.h.Start + int64(coarse-1)*1e6
	r.latest = max(r.latest, t)
	return t
}

// readSites reads the table of probes, on which everything else depends.
func (r *reader) readSites() error {
	n := uint64(r.h.Sites) + 1
	if r.h.SiteCap == 0 {
		n = 0
	}
	table, err := r.table(uint64(r.h.SiteOff)*pageSize, n*runtime.SiteSize)
	if err != nil {
		return err
	}
	text, err := r.table(uint64(r.h.StrOff)*pageSize, uint64(r.h.StrLen))
	if err != nil {
		return err
	}
	r.probes = make([]*snapshot.Probe, n)
	r.cases = make([]uint16, n)
	for i := 1; i < int(n); i++ {
		e := load[runtime.SiteEntry](table[i*runtime.SiteSize:])
		if r.probes[i] = probe(&e, text); r.probes[i] == nil {
			r.drop(DroppedDamaged, 1)
			continue
		}
		if p := r.probes[i]; e.Op == runtime.OpGo {
			end := uint64(e.Callee) + uint64(e.CalleeLen) // which is in the text
			start := snapshot.Start{File: p.File, Line: p.Line, Callers: callers(text[e.Callee:end])}
			r.snap.Starts = append(r.snap.Starts, start)
		}
		r.cases[i] = e.Cases
		if e.Op == runtime.OpIO && e.Flags&runtime.SiteRequest != 0 {
			r.snap.Calls = append(r.snap.Calls, r.probes[i])
		}
	}
	return nil
}

// probe returns the probe of a site, or nil if the entry is damaged or not yet written.
func probe(e *runtime.SiteEntry, text []byte) *snapshot.Probe {
	file, ok1 := cut(text, e.File, e.FileLen, false)
	fn, ok2 := cut(text, e.Func, e.FuncLen, false)
	expr, ok3 := cut(text, e.Expr, e.ExprLen, false)
	callee, ok4 := cut(text, e.Callee, e.CalleeLen, false)
	obj, ok5 := cut(text, e.Obj, e.ObjLen, true)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || e.Op.String() == "" {
		return nil
	}
	return &snapshot.Probe{
		Op: e.Op, Kind: e.Kind, Flags: e.Flags,
		File: file, Func: fn, Expr: expr,
		Line: int(max(e.Line, 0)), Col: int(max(e.Col, 0)),
		Obj: obj, Callee: callee, Roles: e.Roles,
	}
}

// cut returns the string of n bytes at off in text, made printable. lines permits several lines.
func cut(text []byte, off uint32, n uint16, lines bool) (string, bool) {
	if uint64(off)+uint64(n) > uint64(len(text)) {
		return "", false
	}
	return printable(text[off:off+uint32(n)], lines), true
}

// printable replaces what could disturb a terminal.
func printable(b []byte, lines bool) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && !(lines && c == '\n') || c == 0x7f || 0x80 <= c && c < 0xa0 {
			return '\uFFFD'
		}
		return c
	}, strings.ToValidUTF8(string(b), "\uFFFD"))
}

// site returns the probe with number id, or nil.
func (r *reader) site(id uint32) *snapshot.Probe {
	if id == 0 || uint64(id) >= uint64(len(r.probes)) {
		return nil
	}
	return r.probes[id]
}

// readOrphans reads the ring of locks whose holders have exited.
func (r *reader) readOrphans() error {
	return r.eachOrphan(func(o *runtime.Orphan) {
		p := r.site(o.Site &^ runtime.HoldRead)
		if p == nil || o.Obj == 0 {
			r.drop(DroppedDamaged, 1)
			return
		}
		r.time(o.Died)
		r.snap.Orphans = append(r.snap.Orphans, snapshot.Hold{
			Goroutine: int64(o.Goid), Obj: o.Obj, Probe: p, Since: r.time(o.Time), Read: o.Site&runtime.HoldRead != 0,
			Exited: true, Last: r.site(o.Last),
		})
	})
}

// eachOrphan calls f with each entry of the ring.
func (r *reader) eachOrphan(f func(o *runtime.Orphan)) error {
	table, err := r.table(uint64(r.h.OrphanOff)*pageSize, uint64(min(r.h.Orphans, r.h.OrphanCap))*runtime.OrphanSize)
	if err != nil {
		return err
	}
	for ; len(table) >= runtime.OrphanSize; table = table[runtime.OrphanSize:] {
		o := load[runtime.Orphan](table)
		f(&o)
	}
	return nil
}

// readWaited reads the lengths of past waits.
func (r *reader) readWaited() error {
	if r.h.Waited == 0 {
		return nil
	}
	table, err := r.table(uint64(r.h.WaitedOff)*pageSize, uint64(r.h.Waited)*runtime.WaitedSize)
	if err != nil {
		return err
	}
	r.snap.Waited = make(map[*snapshot.Probe]*snapshot.Waited)
	for ; len(table) >= runtime.WaitedSize; table = table[runtime.WaitedSize:] {
		w := waited(table)
		p := r.site(w.Site)
		if p == nil || w.Sum < 0 || w.Max < 0 {
			r.drop(DroppedDamaged, 1)
			continue
		}
		if w.Count() > 0 {
			r.snap.Waited[p] = w
		}
	}
	return nil
}

// waited returns the entry at the beginning of b. Sum or Max may be negative in a damaged one.
func waited(b []byte) *snapshot.Waited {
	e := load[runtime.Waited](b)
	w := &snapshot.Waited{Site: e.Site, Sum: time.Duration(e.Sum), Max: time.Duration(e.Max)}
	for k, n := range e.Waits {
		w.Counts[k] = uint64(n)
	}
	return w
}

// finish sets the moment of the snapshot.
func (r *reader) finish() {
	s := r.snap
	s.Taken = r.now
	if s.Taken == 0 {
		s.Taken = r.h.Ended
	}
	if s.Taken == 0 {
		r.time(r.h.Clock)
		s.Taken = max(r.h.Seen, r.latest, r.h.Start)
		s.Process.Unwatched = true
	}
	s.Process.TakenWall = r.h.StartWall + s.Taken - r.h.Start
}
