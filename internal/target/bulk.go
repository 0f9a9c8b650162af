package target

import (
	"cmp"
	"slices"

	"github.com/go-delve/delve/pkg/proc"

	"github.com/awaittrace/awaittrace/internal/reach"
)

const (
	maxRun = 1 << 20 // bytes read at once
	maxGap = 4 << 10 // unneeded bytes between two structs that are read to save another call
)

// maxAtOnce bounds the bytes of the runs that are read with one call of ReadMany.
const maxAtOnce = 4 * maxRun

// readEach reads the size bytes at each of addrs and calls visit with the index and the bytes, which are valid only
// during the call, in order of address. It reads neighbours together: the runtime allocates its descriptors in blocks,
// and a system call for each of 100,000 takes longer than copying what lies between. If src is not nil, it reads many
// runs with as few system calls as possible. It returns the number of those that could not be read.
func readEach(mem proc.MemoryReader, src reach.Source, room []byte, addrs []uint64, size int,
	visit func(i int, b []byte)) (unreadable int) {
	order := make([]int32, 0, len(addrs))
	for i, a := range addrs {
		if a != 0 && a+uint64(size) > a {
			order = append(order, int32(i))
		}
	}
	unreadable = len(addrs) - len(order)
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(addrs[a], addrs[b]) })
	most := max(maxRun, size) // bytes at once
	if src != nil {
		most = max(maxAtOnce, size)
	}
	if len(room) < most {
		room = make([]byte, most)
	}
	var runs [][]int32 // of indexes in order
	var starts []uint64
	var bufs [][]byte
	for len(order) > 0 {
		runs, starts, bufs = runs[:0], starts[:0], bufs[:0]
		for free := room[:most]; len(order) > 0; {
			n := run(addrs, order, size)
			start := addrs[order[0]]
			length := addrs[order[n-1]] - start + uint64(size)
			if length > uint64(len(free)) || len(runs) == 1 && src == nil {
				break
			}
			runs, starts, bufs = append(runs, order[:n]), append(starts, start), append(bufs, free[:length:length])
			order, free = order[n:], free[length:]
		}
		for _, k := range readRuns(mem, src, bufs, starts) {
			bufs[k] = nil
		}
		for k, list := range runs {
			for _, i := range list {
				if bufs[k] != nil {
					visit(int(i), bufs[k][addrs[i]-starts[k]:][:size])
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
