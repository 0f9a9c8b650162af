package watch

import (
	"math"
	"time"
)

// burst is the most processor time that a budget saves up.
const burst = 250 * time.Millisecond

// atMost is the share of the time between two looks that a look may take if its budget's limit permits it: one part in
// atMost. In a program with a hundred thousand stuck goroutines a look takes half a second.
const atMost = 50

// A budget bounds the processor time that looking takes: one part in share of the time that passes, on average. Unused
// time is saved, so that a look at something new can be had at once.
type budget struct {
	share time.Duration
	// limit is the longest time between two looks, unless the last one cost more than one part in atMost of it.
	limit time.Duration
	last  time.Duration // what the last look cost
	saved time.Duration // at the time at; negative after a look that cost more than was saved
	at    time.Time
	spent time.Time // when the last look was
}

func newBudget(share int, limit time.Duration) budget {
	return budget{share: time.Duration(share), limit: limit, saved: burst}
}

// allows reports whether there may be a look now.
func (b *budget) allows(now time.Time) bool {
	if !b.at.IsZero() {
		b.saved = min(b.saved+now.Sub(b.at)/b.share, burst)
	}
	b.at = now
	return b.saved >= 0 || now.Sub(b.spent) >= b.longest()
}

// longest returns the longest time until the next look.
func (b *budget) longest() time.Duration {
	if b.limit == math.MaxInt64 {
		return b.limit
	}
	return max(b.limit, b.last*atMost)
}

// spend notes that a look at the time now took cost.
func (b *budget) spend(now time.Time, cost time.Duration) {
	b.last, b.spent = cost, now
	b.saved = max(b.saved-cost, -b.longest()/b.share) // after that time a look is allowed anyway
}
