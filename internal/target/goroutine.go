package target

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/runtime"
	"github.com/go-delve/delve/pkg/proc"
)

// maxGoroutines is more than any program has. A longer list of goroutines is damaged.
const maxGoroutines = 1 << 27

// gLayout has the offsets of the fields that we need of the runtime's struct g, which describes a goroutine.
type gLayout struct {
	layout
	size, mSize                          int64 // of runtime.g and runtime.m
	goid, status, reason, gopc, startpc  field
	parent, m, stackLo, stackHi, schedSP field
	procid, g0, vdsoPC, vdsoSP           field // of runtime.m
	parks                                field // trackingSeq, which casgstatus in GOROOT/src/runtime/proc.go increments
	labels                               field
}

// newGLayout finds the fields. Its err is set if the debug information lacks any.
func newGLayout(bi *proc.BinaryInfo) gLayout {
	l := gLayout{layout: layout{bi: bi}}
	l.size, l.mSize = l.field("runtime.g").size, l.field("runtime.m").size
	l.goid = l.field("runtime.g", "goid")
	l.reason = l.field("runtime.g", "waitreason")
	l.gopc = l.field("runtime.g", "gopc")
	l.startpc = l.field("runtime.g", "startpc")
	l.m = l.field("runtime.g", "m")
	l.procid = l.field("runtime.m", "procid")
	l.vdsoPC, _ = l.maybe("runtime.m", "vdsoPC")
	l.vdsoSP, _ = l.maybe("runtime.m", "vdsoSP")
	l.g0, _ = l.maybe("runtime.m", "g0")
	l.schedSP = l.field("runtime.g", "sched", "sp")
	l.stackLo = l.field("runtime.g", "stack", "lo")
	l.stackHi = l.field("runtime.g", "stack", "hi")
	l.parent, _ = l.maybe("runtime.g", "parentGoid") // since Go 1.21
	l.parks, _ = l.maybe("runtime.g", "trackingSeq")
	l.labels, _ = l.maybe("runtime.g", "labels")
	var ok bool
	if l.status, ok = l.maybe("runtime.g", "atomicstatus", "value"); !ok {
		l.status = l.field("runtime.g", "atomicstatus")
	}
	return l
}

// A goroutine is what the runtime's struct g says. There may be a million of them.
type goroutine struct {
	id     int64
	addr   uint64 // of the g
	gopc   uint64
	parent int64
	labels uint64 // address of its profiler labels
	m      uint64 // address of the runtime's m, 0 if it has none
	// Its stack, and its position when it last left its processor.
	stackLo, stackHi, sp uint64
	index                int32 // in runtime.allgs
	thread               int32 // the system's id of the thread that it has, or 0
	status               uint8
	reason               uint8
	parks                uint8
	copied               bool // its descriptor and stack were copied: see session.copyStacks
}

// state returns the state's name in reports.
func (g *goroutine) state() string {
	if g.helps() {
		return runtime.GState(runtime.GRunnable)
	}
	return runtime.GState(uint32(g.status))
}

// helps reports whether g, which the runtime calls waiting, has a thread: it stops the world or helps the garbage
// collector, and then goes on with what it did.
func (g *goroutine) helps() bool { return g.status == runtime.GWaiting && g.m != 0 }

// State returns the name in reports of the status in a runtime's g.
func State(status uint64) string { return runtime.GState(uint32(status)) }

// alive reports whether g is a goroutine, rather than a descriptor that the runtime keeps for reuse.
func (g *goroutine) alive() bool { return g.id != 0 && runtime.GAlive(uint32(g.status)) }

// decode reads a g.
func (l *gLayout) decode(b []byte, g *goroutine) {
	g.id = int64(l.goid.uint(b))
	g.status = uint8(min(l.status.uint(b)&^runtime.GScan, math.MaxUint8)) // more than any state has
	g.reason = uint8(l.reason.uint(b))
	g.gopc = l.gopc.uint(b)
	g.parent = int64(l.parent.uint(b))
	g.m = l.m.uint(b)
	g.parks = uint8(l.parks.uint(b))
	g.labels = l.labels.uint(b)
	g.stackLo, g.stackHi, g.sp = l.stackLo.uint(b), l.stackHi.uint(b), l.schedSP.uint(b)
}

// loadGoroutines reads all goroutines, as they come in the runtime's list: see sortGoroutines.
func (s *session) loadGoroutines() error {
	list, at, err := s.readAllgs()
	if err != nil {
		return err
	}
	addrs, order := s.addrs, s.order
	s.addrs, s.order = nil, nil // they take memory
	s.readReasons()
	s.gs = slices.Grow(s.gs[:0], len(addrs))[:len(addrs)]
	clear(s.gs)
	system := make(map[uint64]string)
	var src reach.Source
	var room []byte
	if s.copies != nil {
		header := binary.LittleEndian.AppendUint64(nil, at)
		header = binary.LittleEndian.AppendUint64(header, uint64(len(addrs)))
		s.copies.add([]piece{{s.allgs, header}, {at, list}})
		src, room = s.copies.src, s.copies.take(maxAtOnce)
		defer s.copies.giveBack(room)
	}
	s.unreadable = readEach(s.mem, src, room, addrs, order, int(s.g.size), func(i int, b []byte) {
		g := &s.gs[i]
		g.addr, g.index = addrs[i], int32(i)
		s.g.decode(b, g)
		if s.given != nil {
			s.given(i, addrs[i], b)
		}
		if g.alive() && s.system(g, s.g.startpc.uint(b), system) {
			g.id = 0
		}
	})
	s.findThreads()
	return nil
}

// sortGoroutines leaves out those that are not alive, and sorts the others by ID.
func (s *session) sortGoroutines() {
	s.gs = slices.DeleteFunc(s.gs, func(g goroutine) bool { return !g.alive() })
	slices.SortFunc(s.gs, func(a, b goroutine) int { return cmp.Compare(a.id, b.id) })
}

// readAllgs reads the addresses of all descriptors, and sorts them. It returns the runtime's list of them, and where that
// is. The second time it sorts only what is new: the list grows and stays as it is.
func (s *session) readAllgs() (list []byte, at uint64, err error) {
	size := s.bi.Arch.PtrSize()
	if at, err = s.word(s.allgs); err != nil {
		return nil, 0, err
	}
	n, err := s.word(s.allgs + uint64(size))
	if err != nil {
		return nil, 0, err
	}
	if n == 0 || n > maxGoroutines {
		return nil, 0, procfs.Damage("the program's list of goroutines has %d entries: its runtime has not started yet, "+
			"or its memory is damaged", n)
	}
	list = make([]byte, n*uint64(size))
	if err := readFull(s.mem, list, at); err != nil {
		return nil, 0, err
	}
	s.addrs = slices.Grow(s.addrs[:0], int(n))[:n]
	for i := range s.addrs {
		s.addrs[i] = field{int64(i * size), int64(size)}.uint(list)
	}
	s.order = sortAddresses(s.addrs, s.order)
	return list, at, nil
}

// system reports whether g, which starts at startpc, is one of the runtime's own, as isSystemGoroutine in
// GOROOT/src/runtime/traceback.go does. names caches the functions that goroutines start with.
func (s *session) system(g *goroutine, startpc uint64, names map[uint64]string) bool {
	name, ok := names[startpc]
	if !ok {
		if fn := s.bi.PCToFunc(startpc); fn != nil {
			name = fn.Name
		}
		names[startpc] = name
	}
	return System(name, s.reason(g))
}

// System reports whether a goroutine that starts with the function name, and waits for reason, is one of the runtime's
// own.
func System(name, reason string) bool {
	switch name {
	case "runtime.main", "runtime.corostart", "runtime.handleAsyncEvent":
		return false
	case "runtime.runfinq", "runtime.runFinalizers", "runtime.runCleanups":
		// These run the user's functions. They are the runtime's own only while they wait for the next one.
		return reason == "finalizer wait" || reason == "cleanup wait"
	}
	return strings.HasPrefix(name, "runtime.")
}

// A runner is a goroutine on a processor, whose registers are not in its g.
type runner struct {
	thread           int
	m                uint64 // address of the runtime's m
	g, g0            uint64 // addresses of the goroutine's g, and of the one that stands for the thread's system stack
	stackLo, stackHi uint64
	// While the thread is in the kernel's vDSO, the Go function that called it, as the runtime noted it for its
	// profiler.
	vdsoPC, vdsoSP uint64
	// Where the thread's system stack begins, on which C code runs.
	systemSP uint64
}

// findThreads sets the threads of goroutines, and tells the backend which of them are running.
func (s *session) findThreads() {
	var running []runner
	l := &s.g
	for i := range s.gs {
		g := &s.gs[i]
		if g.m == 0 || !g.alive() ||
			g.status != runtime.GRunning && g.status != runtime.GSyscall && g.status != runtime.GCopystack {
			continue
		}
		procid, err := s.fieldAt(g.m, l.procid)
		if err != nil {
			continue
		}
		g.thread = int32(procid)
		if g.status == runtime.GSyscall {
			continue
		}
		r := runner{thread: int(g.thread), m: g.m, g: g.addr}
		r.stackLo, r.stackHi = g.stackLo, g.stackHi
		// What cannot be read stays zero, which is never a valid value here.
		r.vdsoPC, _ = s.fieldAt(g.m, l.vdsoPC)
		r.vdsoSP, _ = s.fieldAt(g.m, l.vdsoSP)
		if r.g0, _ = s.fieldAt(g.m, l.g0); r.g0 != 0 {
			r.systemSP, _ = s.fieldAt(r.g0, l.schedSP)
		}
		running = append(running, r)
	}
	if s.running != nil {
		s.running(running)
	}
}

// onProcessor reports whether a thread runs g. If so, its registers are the thread's, and not in g.
func (g *goroutine) onProcessor() bool {
	return g.status == runtime.GRunning || g.status == runtime.GCopystack
}

// find returns the index of the goroutine of that ID, in s.gs and Result.Goroutines.
func (s *session) find(id int64) (int, bool) {
	return slices.BinarySearchFunc(s.gs, id, func(g goroutine, id int64) int { return cmp.Compare(g.id, id) })
}
