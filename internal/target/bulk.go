package target

import (
	"cmp"
	"slices"
	"sync"

	"github.com/go-delve/delve/pkg/proc"

	"github.com/awaittrace/awaittrace/internal/reach"
)

const (
	maxRun = 1 << 20 // bytes read at once
	maxGap = 4 << 10 // unneeded bytes between two structs that are read to save another call
)

// maxAtOnce bounds the bytes of the runs that are in memory at once: half of them are visited while the other half is
// read.
const maxAtOnce = 4 * maxRun

// sortAddresses returns the indexes of addrs in the order of the addresses. order has some of them: if they are sorted,
// that takes little time.
func sortAddresses(addrs []uint64, order []int32) []int32 {
	if len(order) > len(addrs) {
		order = order[:0]
	}
	for i := len(order); i < len(addrs); i++ {
		order = append(order, int32(i))
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(addrs[a], addrs[b]) })
	return order
}

// A batch is runs of structs that are read together.
type batch struct {
	room   []byte
	runs   [][]int32 // indexes of addresses
	starts []uint64
	bufs   [][]byte // of the runs, in room; nil: it could not be read
}

// take makes b the runs that order begins with, as far as there is room, and returns the rest of order.
func (b *batch) take(addrs []uint64, order []int32, size int) []int32 {
	b.runs, b.starts, b.bufs = b.runs[:0], b.starts[:0], b.bufs[:0]
	for free := b.room; len(order) > 0; {
		n := run(addrs, order, size)
		start := addrs[order[0]]
		length := addrs[order[n-1]] - start + uint64(size)
		if length > uint64(len(free)) {
			break
		}
		b.runs, b.starts, b.bufs = append(b.runs, order[:n]), append(b.starts, start), append(b.bufs, free[:length:length])
		order, free = order[n:], free[length:]
	}
	return order
}

// read fills the buffers of b.
func (b *batch) read(mem proc.MemoryReader, src reach.Source) {
	for _, k := range readRuns(mem, src, b.bufs, b.starts) {
		b.bufs[k] = nil
	}
}

// readEach reads the size bytes at each of addrs and calls visit with the index and the bytes, which are valid only
// during the call, in order, which is that of the addresses. It reads neighbours together: the runtime allocates its
// descriptors in blocks, and a system call for each of 100,000 takes longer than copying what lies between. If src is
// not nil, it reads many runs with as few system calls as possible, and visits them while it reads the next. It returns
// the number of those that could not be read.
func readEach(mem proc.MemoryReader, src reach.Source, room []byte, addrs []uint64, order []int32, size int,
	visit func(i int, b []byte)) (unreadable int) {
	half := max(maxAtOnce/2, size)
	if len(room) < 2*half {
		room = make([]byte, 2*half)
	}
	for len(order) > 0 && addrs[order[0]] == 0 {
		order, unreadable = order[1:], unreadable+1
	}
	for n := len(order) - 1; n >= 0 && addrs[order[n]] >= -uint64(size); n-- { // beyond the end of the address space
		order, unreadable = order[:n], unreadable+1
	}
	now, after := &batch{room: room[:half]}, &batch{room: room[half:]}
	order = now.take(addrs, order, size)
	now.read(mem, src)
	for len(now.runs) > 0 {
		order = after.take(addrs, order, size)
		var reading sync.WaitGroup
		if src != nil {
			reading.Go(func() { after.read(mem, src) })
		}
		for k, list := range now.runs {
			for _, i := range list {
				if now.bufs[k] != nil {
					visit(int(i), now.bufs[k][addrs[i]-now.starts[k]:][:size])
					continue
				}
				one := make([]byte, size)
				if readFull(mem, one, addrs[i]) != nil {
					unreadable++
					continue
				}
				visit(int(i), one)
			}
		}
		if reading.Wait(); src == nil {
			after.read(mem, nil)
		}
		now, after = after, now
	}
	return unreadable
}

// readRuns fills bufs, and returns the indexes of those that cannot be read completely.
func readRuns(mem proc.MemoryReader, src reach.Source, bufs [][]byte, starts []uint64) (bad []int) {
	if src != nil {
		return src.ReadMany(bufs, starts)
	}
	for k := range bufs {
		if readFull(mem, bufs[k], starts[k]) != nil {
			bad = append(bad, k)
		}
	}
	return bad
}

// run returns how many of order, from the first, are read together.
func run(addrs []uint64, order []int32, size int) int {
	start := addrs[order[0]]
	n := 1
	for n < len(order) {
		a := addrs[order[n]]
		if a-addrs[order[n-1]] > uint64(size+maxGap) || a-start+uint64(size) > maxRun {
			break
		}
		n++
	}
	return n
}
