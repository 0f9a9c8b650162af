// confluent-kafka-go and kin: Close waits in C for a delivery that never comes. One call under a lock, one without.
package main

/*
#include <unistd.h>
static int fds[2];
static void open_pipe(void) { if (pipe(fds)) {} }
static long flush_queue(void) { char b; return read(fds[0], &b, 1); }
*/
import "C"

import (
	"net/http"
	"sync"
	"time"
)

type producer struct {
	mu   sync.Mutex
	open bool
}

func (p *producer) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	C.flush_queue() // @close
	p.open = false
}

func (p *producer) stats() bool {
	p.mu.Lock() // @stats
	defer p.mu.Unlock()
	return p.open
}

func main() {
	C.open_pipe()
	p := &producer{open: true}
	go func() { C.flush_queue() }() // @call
	go p.close()
	time.Sleep(50 * time.Millisecond)
	go p.stats()
	http.ListenAndServe("127.0.0.1:0", nil)
}
