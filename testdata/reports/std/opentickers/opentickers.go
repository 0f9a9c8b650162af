// Package opentickers starts a goroutine with each database that it opens, which looks for idle connections all hour, and which closing the database does not end.
package opentickers

import (
	"net/http"
	"sync"
	"time"
)

type db struct {
	mu   sync.Mutex
	idle []*int
	life time.Duration
}

func (d *db) closeIdle() {
	ticker := time.NewTicker(d.life)
	defer ticker.Stop()
	for {
		select { // @tick
		case <-ticker.C:
			d.mu.Lock()
			d.idle = nil
			d.mu.Unlock()
		}
	}
}

func open() *db {
	d := &db{life: time.Hour}
	go d.closeIdle() // @start
	return d
}

func (d *db) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle = nil
}

func Main() {
	go http.ListenAndServe("127.0.0.1:0", nil)
	for range time.Tick(20 * time.Millisecond) {
		open().Close()
	}
}
