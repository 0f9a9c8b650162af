package load

import "sync"

// A budget bounds how much source is in memory with its types at once. A file's syntax and the types of its expressions
// take a hundred times the space of its text.
type budget struct {
	lock sync.Mutex
	free sync.Cond // L is &lock
	left int       // bytes of source
}

// sourceAtOnce is the size of a budget, in bytes of source.
const sourceAtOnce = 4 << 20

func newBudget() *budget {
	b := &budget{left: sourceAtOnce}
	b.free.L = &b.lock
	return b
}

// take waits for n bytes, or for the whole budget if n is more, and takes them. The caller must give the result back.
func (b *budget) take(n int) int {
	n = min(n, sourceAtOnce)
	b.lock.Lock()
	defer b.lock.Unlock()
	for b.left < n {
		b.free.Wait()
	}
	b.left -= n
	return n
}

func (b *budget) give(n int) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.left += n
	b.free.Broadcast()
}
