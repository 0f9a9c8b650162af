//go:build amd64 || arm64

package reach

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

// An image is the memory of a program as it was when it was looked at: the pages that were read, and the threads. It is
// a Source.
type image struct {
	mu       sync.Mutex
	from     Source // where pages come from that are not there; nil: nowhere
	pages    map[uint64][]byte
	threads  []Thread
	mappings []Mapping
	entry    uint64
}

func (m *image) page(at uint64) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if b, ok := m.pages[at]; ok {
		return b, nil
	}
	if m.from == nil {
		return nil, errors.New("there is no memory")
	}
	b := make([]byte, pageSize)
	if err := m.from.ReadMemory(b, at); err != nil {
		return nil, err
	}
	m.pages[at] = b
	return b, nil
}

func (m *image) ReadMemory(b []byte, addr uint64) error {
	for len(b) > 0 {
		p, err := m.page(addr &^ (pageSize - 1))
		if err != nil {
			return err
		}
		n := copy(b, p[addr&(pageSize-1):])
		b, addr = b[n:], addr+uint64(n)
	}
	return nil
}

func (m *image) ReadMany(bufs [][]byte, addrs []uint64) (bad []int) {
	for i := range bufs {
		if m.ReadMemory(bufs[i], addrs[i]) != nil {
			bad = append(bad, i)
		}
	}
	return bad
}

func (m *image) Threads() ([]Thread, error) {
	if m.from != nil {
		m.threads, _ = m.from.Threads()
	}
	return slices.Clone(m.threads), nil
}

func (m *image) Mappings() ([]Mapping, error) {
	if m.from != nil {
		m.mappings, _ = m.from.Mappings()
	}
	return m.mappings, nil
}

func (m *image) Entry() uint64 { return m.entry }

// without returns a copy of m that lacks pages, and whose pages may be changed.
func (m *image) without(drop func(at uint64) bool) *image {
	c := &image{pages: make(map[uint64][]byte), threads: m.threads, mappings: m.mappings, entry: m.entry}
	for at, b := range m.pages {
		if !drop(at) {
			c.pages[at] = b
		}
	}
	return c
}

// change replaces the page at an address by a copy, which it returns.
func (m *image) change(at uint64) []byte {
	b := slices.Clone(m.pages[at])
	m.pages[at] = b
	return b
}

// A tornProgram is one whose image is torn.
type tornProgram struct {
	prog   *Program
	image  *image
	order  []uint64 // pages, by address
	proven []int64
}

// tearable looks at the program of waits, and keeps what was read.
func tearable(t *testing.T) *tornProgram {
	t.Helper()
	exe := buildFile(t, "testdata/waits.go")
	prog, err := OpenProgram(exe)
	if err != nil {
		t.Fatal(err)
	}
	prog.DWARF = nil
	return capture(t, exe, prog)
}

func capture(t *testing.T, exe string, prog *Program) *tornProgram {
	p := start(t, exe)
	x := &tornProgram{prog: prog}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); { // its goroutines may not all wait yet
		x.image = &image{from: p, pages: make(map[uint64][]byte), entry: p.Entry()}
		done := make(chan error)
		go func() {
			runtime.LockOSThread()
			defer p.release()
			err := p.stop()
			if err == nil { // all of it while the program stands still: nothing in the image is of another moment
				_, err = attempt(x.image, prog)
			}
			done <- err
		}()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		x.image.from = nil
		var err error
		if x.proven, err = attempt(x.image, prog); err != nil {
			t.Fatal(err)
		}
		if len(x.proven) > 0 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	if len(x.proven) == 0 {
		t.Fatal("the image gives no proofs")
	}
	for at := range x.image.pages {
		x.order = append(x.order, at)
	}
	slices.Sort(x.order)
	return x
}

// attempt does all that is done with a program.
func attempt(src Source, prog *Program) ([]int64, error) {
	plan, err := Prepare(src, prog)
	if err != nil {
		return nil, err
	}
	defer plan.Close()
	c, err := plan.Capture(0)
	if err != nil {
		return nil, err
	}
	r, err := c.Mark()
	if err != nil {
		return nil, err
	}
	r.Snapshot(0)
	proven := r.Proven()
	r.Kept(proven)
	return proven, nil
}

// bounded is attempt, with a limit for time and memory.
func (x *tornProgram) bounded(t *testing.T, what string, src Source) []int64 {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	type result struct {
		proven []int64
		panics any
	}
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			r.panics = recover()
			done <- r
		}()
		r.proven, _ = attempt(src, x.prog)
	}()
	select {
	case r := <-done:
		if r.panics != nil {
			t.Errorf("%s: it panics: %v", what, r.panics)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<30 {
			t.Errorf("%s: it takes %d MB", what, n>>20)
		}
		return r.proven
	case <-time.After(time.Minute):
		stacks := make([]byte, 1<<16)
		t.Fatalf("%s: it does not end\n%s", what, stacks[:runtime.Stack(stacks, true)])
		return nil
	}
}

// FuzzTorn reads memory of which a part is missing or is something else: that is an error, or fewer proofs.
func FuzzTorn(f *testing.F) {
	seeds := uint64(150)
	if testing.Short() {
		seeds = 30
	}
	for seed := range seeds {
		f.Add(seed)
	}
	var once sync.Once
	var x *tornProgram
	f.Fuzz(func(t *testing.T, seed uint64) {
		once.Do(func() { x = tearable(t) })
		if x == nil {
			t.Skip("no program")
		}
		x.tear(t, seed)
	})
}

// TestTornReasons overwrites the runtime's reasons to wait, without which nothing can be proven.
func TestTornReasons(t *testing.T) {
	x := tearable(t)
	p, err := Prepare(x.image, x.prog)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	im := x.image.without(func(uint64) bool { return false })
	page := im.change(p.addr.WaitReasonStrings &^ (pageSize - 1))
	for i := range page {
		page[i] = 0xff
	}
	if proven, err := attempt(im, x.prog); err == nil {
		t.Errorf("without reasons goroutines %d are proven", proven)
	}
}

// tear reads the image as a seed makes it.
func (x *tornProgram) tear(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	some := func() uint64 { return x.order[r.IntN(len(x.order))] }
	switch seed % 5 {
	case 0: // one page is missing
		gone := some()
		x.fewer(t, "a page is missing", x.image.without(func(at uint64) bool { return at == gone }))
	case 1: // some pages are missing
		share := r.IntN(50) + 2
		x.fewer(t, "pages are missing", x.image.without(func(at uint64) bool { return r.IntN(share*10) == 0 }))
	case 2: // it is cut off
		end := some()
		x.fewer(t, "memory is cut off", x.image.without(func(at uint64) bool { return at >= end }))
	case 3: // words are others
		im := x.image.without(func(uint64) bool { return false })
		for range 1 + r.IntN(200) {
			b := im.change(some())
			word := r.Uint64() >> r.IntN(64)
			if r.IntN(3) == 0 {
				word = some() + r.Uint64N(pageSize)
			}
			binary.LittleEndian.PutUint64(b[r.IntN(pageSize/8)*8:], word)
		}
		x.bounded(t, "words are others", im)
	case 4: // pages are of another moment, or nonsense
		im := x.image.without(func(uint64) bool { return false })
		for range 1 + r.IntN(20) {
			b := im.change(some())
			if r.IntN(2) == 0 {
				copy(b, im.pages[some()])
				continue
			}
			for i := range b {
				b[i] = byte(r.Uint32())
			}
		}
		x.bounded(t, "pages are others", im)
	}
}

// fewer checks that what is missing proves nothing.
func (x *tornProgram) fewer(t *testing.T, what string, im *image) {
	t.Helper()
	for _, id := range x.bounded(t, what, im) {
		if !slices.Contains(x.proven, id) {
			t.Errorf("%s: goroutine %d is proven", what, id)
		}
	}
}
