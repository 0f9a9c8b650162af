package reach

import (
	"errors"
	"go/version"
	"strings"
	"unicode/utf8"
)

// A Memory reads memory of a program.
type Memory interface {
	// ReadMemory fills b from addr, or fails.
	ReadMemory(b []byte, addr uint64) error
}

const (
	// maxLabels is how many profiler labels of a goroutine are read.
	maxLabels = 64
	// maxLabel bounds the bytes read of a key or a value. Anything longer than maxLabelSane is not a label.
	maxLabel, maxLabelSane = 1 << 10, 1 << 20
	// maxLabelSets bounds the sets that are read: goroutines of one request share one.
	maxLabelSets = 1 << 17
)

// Labels reads the sets of profiler labels that goroutines have, each set once. It is not safe for concurrent use.
type Labels struct {
	r     *reader
	isMap bool
	seen  map[uint64]map[string]string
}

// NewLabels returns a reader of labels. isMap says that a set is a map, as before Go 1.24, and not a list: see
// LabelsAreMaps.
func NewLabels(mem Memory, isMap bool) *Labels {
	return &Labels{newReader(mem), isMap, make(map[uint64]map[string]string)}
}

// LabelsAreMaps reports whether a version of Go, such as "go1.23.1", keeps a set of labels as a map.
func LabelsAreMaps(goVersion string) bool { return version.Compare(goVersion, "go1.24") < 0 }

// At returns the set that the labels field of a g points to; nil: there is none, or it does not make sense. Programs
// may keep something else there. The caller must not change the map.
func (l *Labels) At(ptr uint64) map[string]string {
	if ptr == 0 || ptr%8 != 0 || ptr > maxAddress || len(l.seen) >= maxLabelSets {
		return nil
	}
	set, ok := l.seen[ptr]
	if !ok {
		read := l.list
		if l.isMap {
			read = l.hmap
		}
		set = make(map[string]string)
		if sane := false; !l.r.checked(func() { sane = read(ptr, set) }) || !sane || len(set) == 0 {
			set = nil
		}
		l.seen[ptr] = set
	}
	return set
}

// list reads a set that is a slice of keys and values: runtime/pprof.LabelSet.
func (l *Labels) list(ptr uint64, set map[string]string) bool {
	at, n := l.r.u64(ptr), l.r.u64(ptr+8)
	if n > l.r.u64(ptr+16) || n > maxLabelSane {
		return false
	}
	for i := uint64(0); i < min(n, maxLabels); i++ {
		if !l.add(at+i*32, at+i*32+16, set) {
			return false
		}
	}
	return true
}

// The map of Go before 1.24: type hmap in GOROOT/src/runtime/map.go, and a bucket of one with strings as keys and
// values.
const (
	hmapB, hmapBuckets, hmapOld                = 9, 16, 24
	bucketCells, bucketKeys                    = 8, 8
	bucketValues, bucketOverflow, minTopHash   = bucketKeys + bucketCells*16, bucketKeys + bucketCells*32, 5
	bucketSize, maxBucketBits, maxLabelBuckets = bucketOverflow + 8, 8, 1 << 8
)

// hmap reads a set that is a map[string]string.
func (l *Labels) hmap(ptr uint64, set map[string]string) bool {
	h := l.r.u64(ptr)
	if h == 0 {
		return true
	}
	count, bits := l.r.u64(h), l.r.u8(h+hmapB)
	if count > maxLabelSane || bits > maxBucketBits {
		return false
	}
	read := 0
	buckets := func(base uint64, n int) bool {
		for i := 0; i < n && base != 0; i++ {
			for b := base + uint64(i)*bucketSize; b != 0 && len(set) < maxLabels; b = l.r.u64(b + bucketOverflow) {
				if read++; read > maxLabelBuckets {
					return false
				}
				for c := uint64(0); c < bucketCells; c++ {
					// Below minTopHash a cell is empty, or has moved while the map grows.
					if l.r.u8(b+c) >= minTopHash && !l.add(b+bucketKeys+c*16, b+bucketValues+c*16, set) {
						return false
					}
				}
			}
		}
		return true
	}
	n := 1 << bits
	return buckets(l.r.u64(h+hmapBuckets), n) && buckets(l.r.u64(h+hmapOld), max(n/2, 1))
}

// add adds the strings at two addresses to a set, and reports whether they are strings. It leaves out a key that is not
// text.
func (l *Labels) add(key, value uint64, set map[string]string) bool {
	k, ok := l.text(key)
	if !ok {
		return false
	}
	v, ok := l.text(value)
	if ok && k != "" && utf8.ValidString(k) {
		set[k] = strings.ToValidUTF8(v, "\uFFFD")
	}
	return ok
}

// text reads the string at addr, or as much of it as is wanted.
func (l *Labels) text(addr uint64) (string, bool) {
	at, n := l.r.u64(addr), l.r.u64(addr+8)
	switch {
	case n == 0:
		return "", true
	case n > maxLabelSane || at == 0 || at > maxAddress:
		return "", false
	case n > maxLabel:
		return strings.ToValidUTF8(string(l.r.bytes(at, maxLabel)), "") + "…", true
	}
	return string(l.r.bytes(at, n)), true
}

// labelBlocks is how many blocks ReadLabels keeps while it goes through the goroutines, most of which lie near the ones
// before: 16 MB.
const labelBlocks = 256

// ReadLabels returns the profiler labels of a program's goroutines, by ID. The program may run meanwhile: a set counts
// if the goroutine still has it after it was read.
func ReadLabels(src Source, prog *Program) (map[int64]map[string]string, error) {
	p, err := newPlan(src, prog)
	if err != nil {
		return nil, err
	}
	if !p.o.g.labels.has() {
		return nil, errors.New("the place of goroutine labels is not known")
	}
	fresh := newReader(src)
	list, err := fresh.large(fresh.u64(p.addr.Allgs), min(fresh.u64(p.addr.Allgs+8), maxGoroutines)*8, maxGoroutines*8)
	if err != nil {
		return nil, err
	}
	type labelled struct {
		g, id, ptr uint64
		set        map[string]string
	}
	f := &p.o.g
	sets := NewLabels(src, LabelsAreMaps(prog.Go))
	var found []labelled
	for ; len(list) >= 8; list = list[8:] {
		if len(fresh.blocks) >= labelBlocks {
			fresh.reset()
		}
		g := le64(list)
		b := fresh.view(g, f.size)
		ptr := f.labels.get(b)
		if set := sets.At(ptr); set != nil {
			found = append(found, labelled{g, f.id.get(b), ptr, set})
		}
	}
	again := newReader(src)
	labels := make(map[int64]map[string]string, len(found))
	for _, l := range found {
		if b := again.view(l.g, f.size); f.labels.get(b) == l.ptr && f.id.get(b) == l.id {
			labels[int64(l.id)] = l.set
		}
	}
	return labels, nil
}

// LabelsAt returns the profiler labels of some goroutines, by ID: gs has the address of the g of each. It does not read
// the executable, so it needs a version of Go with a known layout. As with ReadLabels, the program may run meanwhile.
func LabelsAt(src Memory, goVersion, arch string, gs map[int64]uint64) (map[int64]map[string]string, error) {
	layout, err := LayoutFor(goVersion, arch)
	if err != nil {
		return nil, err
	}
	o := newOffsets(layout)
	f := &o.g
	if !f.labels.has() {
		return nil, errors.New("the place of goroutine labels is not known")
	}
	sets := NewLabels(src, LabelsAreMaps(goVersion))
	labels := make(map[int64]map[string]string, len(gs))
	b := make([]byte, f.size)
	read := func(id int64, g uint64) (ptr uint64, ok bool) {
		if src.ReadMemory(b, g) != nil || int64(f.id.get(b)) != id {
			return 0, false
		}
		return f.labels.get(b), true
	}
	for id, g := range gs {
		ptr, ok := read(id, g)
		if !ok {
			continue
		}
		set := sets.At(ptr)
		if again, ok := read(id, g); set != nil && ok && again == ptr {
			labels[id] = set
		}
	}
	return labels, nil
}
