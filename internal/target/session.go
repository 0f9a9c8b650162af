package target

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/go-delve/delve/pkg/dwarf/godwarf"
	"github.com/go-delve/delve/pkg/dwarf/op"
	"github.com/go-delve/delve/pkg/proc"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A session is a program that stands still: stopped, or a core.
type session struct {
	tgt *proc.Target
	bi  *proc.BinaryInfo
	mem proc.MemoryReader
	// allgs is the address of the variable of that name in package runtime. reasons are the names of the wait reasons.
	allgs   uint64
	reasons []string
	g       gLayout

	gs         []goroutine                  // sorted by ID, once sortGoroutines has been called
	addrs      []uint64                     // of the descriptors; see readAllgs
	order      []int32                      // their indexes, by address
	labels     map[uint64]map[string]string // the sets of profiler labels, by their addresses
	creators   []*snapshot.Created          // of each of gs; nil: not looked for yet
	stacks     map[int][]snapshot.Frame     // by index in gs, as far as they are wanted
	unreadable int
	// running, if not nil, is told which threads run a goroutine now, because only their registers are needed.
	running func([]runner)
	// given, if not nil, is told of each g that is read: see Capturer.
	given func(index int, addr uint64, b []byte)
	// copies are copied from a program that goes on before it is read; nil: it stands still until it has been read.
	copies *copies
	// now is the memory of such a program after it has gone on.
	now       proc.MemoryReader
	sizes     map[string]int64 // of the types of objects, and of runtime.timer
	chanTimer field            // of runtime.hchan: the timer of a channel
	// deadline is when the program must go on; zero: never.
	deadline time.Time
}

// prepare looks up what is needed of the debug information, and reads no memory that changes.
func (s *session) prepare() error {
	s.g = newGLayout(s.bi)
	if s.g.err != nil {
		return s.g.err
	}
	v, err := s.global("runtime.allgs")
	if err != nil {
		return procfs.Damage("the debug information has no variable runtime.allgs: %v", err)
	}
	s.allgs = v.Addr
	s.sizes = make(map[string]int64)
	for _, name := range append(slices.Collect(maps.Values(objectTypes)), "runtime.timer") {
		whole, _ := s.g.maybe(name)
		s.sizes[name] = whole.size
	}
	s.chanTimer, _ = s.g.maybe("runtime.hchan", "timer")
	return nil
}

// global returns the package variable of that name without its value.
func (s *session) global(name string) (*proc.Variable, error) {
	image := s.bi.Images[0]
	scope := &proc.EvalScope{Mem: readOnly{s.mem}, BinInfo: s.bi, Regs: op.DwarfRegisters{StaticBase: image.StaticBase}}
	return scope.EvalExpression(name, proc.LoadConfig{})
}

// word reads the pointer-sized number at addr.
func (s *session) word(addr uint64) (uint64, error) {
	return s.fieldAt(addr, field{0, int64(s.bi.Arch.PtrSize())})
}

// fieldAt reads the field f of the struct at addr.
func (s *session) fieldAt(addr uint64, f field) (uint64, error) {
	b := make([]byte, f.size)
	if err := readFull(s.mem, b, addr+uint64(f.offset)); err != nil {
		return 0, err
	}
	return field{0, f.size}.uint(b), nil
}

// readFull fills b with the memory at addr.
func readFull(mem proc.MemoryReader, b []byte, addr uint64) error {
	n, err := mem.ReadMemory(b, addr)
	if err == nil && n < len(b) {
		err = fmt.Errorf("read %d bytes of %d at %#x", n, len(b), addr)
	}
	return err
}

// late reports whether the program has been stopped for as long as permitted.
func (s *session) late() bool {
	return !s.deadline.IsZero() && time.Now().After(s.deadline)
}

// each yields the goroutines in the form of package snapshot, as far as they are known. What is yielded is valid only
// until the next.
func (s *session) each() iter.Seq[*snapshot.Goroutine] {
	return func(yield func(*snapshot.Goroutine) bool) {
		var one snapshot.Goroutine
		for i := range s.gs {
			g := &s.gs[i]
			one = snapshot.Goroutine{ID: g.id, State: g.state(), Reason: s.reason(g),
				Leaked: g.status == runtime.GLeaked, ThreadID: int(g.thread), Stack: s.stacks[i],
				Labels: s.labels[g.labels]}
			if s.creators != nil {
				one.CreatedBy = s.creators[i]
			}
			if !yield(&one) {
				return
			}
		}
	}
}

// readLabels reads the profiler labels of the goroutines, as far as there is time.
func (s *session) readLabels() {
	s.labels = make(map[uint64]map[string]string)
	labels := s.labelReader()
	for i := range s.gs {
		g := &s.gs[i]
		if labels == nil || g.labels == 0 || !g.alive() || s.late() {
			continue
		}
		if _, ok := s.labels[g.labels]; !ok {
			s.labels[g.labels] = labels.At(g.labels)
		}
	}
}

// labelReader returns a reader of the profiler labels of goroutines, or nil if the program has none.
func (s *session) labelReader() *reach.Labels {
	t, err := s.bi.FindType("runtime/pprof.labelMap")
	if err != nil {
		return nil
	}
	_, isStruct := godwarf.ResolveTypedef(t).(*godwarf.StructType)
	return reach.NewLabels(labelMemory{s.mem}, !isStruct)
}

// labelMemory implements reach.Memory.
type labelMemory struct{ mem proc.MemoryReader }

func (m labelMemory) ReadMemory(b []byte, addr uint64) error { return readFull(m.mem, b, addr) }

// parks returns Result.Parks.
func (s *session) parks() []uint8 {
	if s.g.parks.size == 0 {
		return nil
	}
	list := make([]uint8, len(s.gs))
	for i := range s.gs {
		list[i] = s.gs[i].parks
	}
	return list
}

// readOnly is memory that Delve may read. Nothing here ever writes; Delve's interfaces want the method.
type readOnly struct{ proc.MemoryReader }

func (readOnly) WriteMemory(addr uint64, data []byte) (int, error) {
	return 0, fmt.Errorf("awaittrace does not write to the program's memory")
}
