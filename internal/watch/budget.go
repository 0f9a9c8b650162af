package watch

import "time"

// burst is how much processor time a budget saves up at most.
const burst = 250 * time.Millisecond

// A budget bounds the processor time that looking takes: one part in share of the time that passes, on average. What was not used is saved, so
// that what is new is looked at at once.
type budget struct {
	share time.Duration
	// limit is the longest time between two looks, whatever they cost.
	limit time.Duration
	saved time.Duration // at the time at; negative after a look that cost more than was saved
	at    time.Time
	spent time.Time // the last look
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
	return b.saved >= 0 || now.Sub(b.spent) >= b.limit
}

// spend notes that a look at the time now took cost.
func (b *budget) spend(now time.Time, cost time.Duration) {
	b.saved = max(b.saved-cost, -b.limit/b.share) // a debt is paid after limit anyway
	b.spent = now
}
