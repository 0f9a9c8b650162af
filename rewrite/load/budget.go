package load

import "sync"

// A budget bounds how much source is held with its types at once. The types of the expressions and the syntax of a file
// take a hundred times the space of its text.
type budget struct {
	lock sync.Mutex
	free sync.Cond // L is &lock
	left int       // bytes of source
}

// sourceAtOnce is how many bytes of source a budget is for.
const sourceAtOnce = 4 << 20

func newBudget() *budget {
	b := &budget{left: sourceAtOnce}
	b.free.L = &b.lock
	return b
}

// take takes n bytes, and all that there is where n is more. Give the result back.
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
