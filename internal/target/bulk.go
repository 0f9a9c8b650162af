package target

import (
	"cmp"
	"slices"

	"github.com/go-delve/delve/pkg/proc"
)

const (
	maxRun = 1 << 20 // bytes read at once
	maxGap = 4 << 10 // bytes between two structs that are read in vain rather than with another call
)

// readEach reads the size bytes at each of addrs and calls visit with the index and the bytes, in order of address. It
// reads neighbours together: the runtime allocates its descriptors in blocks, and a system call for each of 100,000
// takes longer than copying what lies between. It returns the number of those that could not be read. It copies what it
// reads into kept, with as few system calls as possible. If kept is nil, the bytes are valid only during the call.
func readEach(mem proc.MemoryReader, addrs []uint64, size int, kept *copies, visit func(i int, b []byte)) (unreadable int) {
	order := make([]int, 0, len(addrs))
	for i, a := range addrs {
		if a != 0 && a+uint64(size) > a {
			order = append(order, i)
		}
	}
	unreadable = len(addrs) - len(order)
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(addrs[a], addrs[b]) })
	var runs [][]int // of indexes in order
	var starts, lengths []uint64
	for len(order) > 0 {
		n := run(addrs, order, size)
		start := addrs[order[0]]
		runs, starts, lengths = append(runs, order[:n]), append(starts, start), append(lengths, addrs[order[n-1]]-start+uint64(size))
		order = order[n:]
	}
	var copied [][]byte
	var buf []byte // for one run at a time, if no copies are kept
	if kept != nil {
		copied = kept.copyMany(starts, lengths)
	} else {
		buf = make([]byte, max(maxRun, size))
	}
	for k, list := range runs {
		var b []byte // nil: it cannot be read completely
		if kept != nil {
			b = copied[k]
		} else if whole := buf[:lengths[k]]; readFull(mem, whole, starts[k]) == nil {
			b = whole
		}
		for _, i := range list {
			if b != nil {
				visit(i, b[addrs[i]-starts[k]:][:size])
				continue
			}
			one := make([]byte, size)
			if readFull(mem, one, addrs[i]) != nil {
				unreadable++
				continue
			}
			if kept != nil {
				kept.add([]piece{{addrs[i], one}})
			}
			visit(i, one)
		}
	}
	return unreadable
}

// run returns how many of order, from the first, are read together.
func run(addrs []uint64, order []int, size int) int {
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
