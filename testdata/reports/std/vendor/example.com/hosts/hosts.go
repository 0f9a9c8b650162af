// Package hosts stands for a library: a pool of hosts whose state is refreshed until it is closed.
package hosts

import "time"

// A Pool is a pool of hosts.
type Pool struct{ quit chan bool }

// New returns a pool, which has to be closed.
func New(names ...string) *Pool {
	p := &Pool{quit: make(chan bool)}
	go p.refresh()
	return p
}

// Close ends the pool.
func (p *Pool) Close() { close(p.quit) }

func (p *Pool) refresh() {
	ticker := time.NewTicker(time.Hour)
	defer ticker.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-ticker.C:
		}
	}
}
