package reach

import "sort"

// A rootKind says where a pointer into the heap comes from that is in no object.
type rootKind uint8

const (
	rootGlobal rootKind = iota // a variable
	rootSpecial
	rootQueued // a finalizer or a cleanup that is about to run
	rootPinned
	rootRegister
	rootNative // the stack of a thread
	rootStack  // the stack of a goroutine, or its g
)

// A root is a pointer from outside into the heap.
type root struct {
	addr uint64 // where the pointer is; of rootSpecial the index of the special; zero: unknown
	obj  uint32 // what it points to
	g    int32  // of rootStack; else less than zero: see rootOf
}

// kind returns what kind of root it is.
func (r root) kind() rootKind {
	if r.g >= 0 {
		return rootStack
	}
	return rootKind(-1 - r.g)
}

// rootOf returns the g of a root that is not on the stack of a goroutine.
func rootOf(kind rootKind) int32 { return -1 - int32(kind) }

// A rootList is a list of roots. The roots of goroutines' stacks come last: there may be millions, so each takes eight
// bytes. It grows without a copy.
type rootList struct {
	outside chunks[root] // all but those of stacks
	stacks  chunks[stackRoot]
	// base is below all addresses of stacks and of the heap, and a multiple of 8.
	base uint64
	// order has the goroutines in the order of their roots, and of has the roots of each goroutine: from and to.
	order []int32
	of    [][2]uint32
	// far has the other addresses, by root.
	far map[uint32]uint64
}

// A stackRoot is a root of a goroutine.
type stackRoot struct {
	obj  uint32
	word uint32 // where the pointer is, in words from rootList.base; farWord: see rootList.far
}

// farWord is the word of an address that is not one of a word near the base.
const farWord = 1<<32 - 1

// n returns how many roots there are.
func (l *rootList) n() uint32 { return l.outside.n + l.stacks.n }

// add adds a root that is of no goroutine. All of these come before those of goroutines.
func (l *rootList) add(r root) (i uint32) { return l.outside.add(r) }

// begin begins the roots of a goroutine, and end ends them.
func (l *rootList) begin(g int32) {
	l.order = append(l.order, g)
	l.of[g] = [2]uint32{l.n(), l.n()}
}

func (l *rootList) end(g int32) { l.of[g][1] = l.n() }

// addOfStack adds a root of the goroutine that was begun last: a pointer at addr, zero: unknown, to an object.
func (l *rootList) addOfStack(addr uint64, obj uint32) (i uint32) {
	r := stackRoot{obj, farWord}
	if w := (addr - l.base) / 8; addr >= l.base && addr%8 == 0 && w < farWord {
		r.word = uint32(w)
	}
	i = l.outside.n + l.stacks.add(r)
	if r.word == farWord && addr != 0 {
		if l.far == nil {
			l.far = make(map[uint32]uint64)
		}
		l.far[i] = addr
	}
	return i
}

// at returns a root by its index.
func (l *rootList) at(i uint32) root {
	if i < l.outside.n {
		return *l.outside.at(i)
	}
	k := sort.Search(len(l.order), func(k int) bool { return l.of[l.order[k]][0] > i }) - 1
	for l.of[l.order[k]][1] <= i { // it has none
		k--
	}
	return l.ofStack(i, l.order[k])
}

// ofStack returns a root of goroutine g by its index.
func (l *rootList) ofStack(i uint32, g int32) root {
	s := l.stacks.at(i - l.outside.n)
	if s.word == farWord {
		return root{l.far[i], s.obj, g}
	}
	return root{l.base + uint64(s.word)*8, s.obj, g}
}

// object returns what a root points to.
func (l *rootList) object(i uint32) uint32 {
	if i < l.outside.n {
		return l.outside.at(i).obj
	}
	return l.stacks.at(i - l.outside.n).obj
}

// chunkSize is how many elements lists provide memory for at once.
const chunkSize = 1 << 13

// chunks are a list that grows without a copy.
type chunks[T any] struct {
	list [][]T
	n    uint32
}

func (c *chunks[T]) at(i uint32) *T { return &c.list[i/chunkSize][i%chunkSize] }

func (c *chunks[T]) add(v T) (i uint32) {
	if i = c.n; i%chunkSize == 0 {
		c.list = append(c.list, make([]T, chunkSize))
	}
	*c.at(i) = v
	c.n++
	return i
}

// rootFlag marks a parent that is a root and not an object.
const rootFlag = 1 << 31
