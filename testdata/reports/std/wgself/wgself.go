// Closing a writer: its own Done comes after a Wait for the group that it is counted in.
package wgself

import (
	"net/http"
	"sync"
	"time"
)

type part struct {
	msgs chan string
	join *sync.WaitGroup
}

func (p *part) run() {
	defer p.join.Done()
	for range p.msgs {
	}
}

func (p *part) close() {
	close(p.msgs)
	p.join.Wait() // @wait
}

type writer struct {
	mu    sync.Mutex
	join  sync.WaitGroup
	parts []*part
}

func (w *writer) open(n int) {
	for i := 0; i < n; i++ {
		p := &part{make(chan string, 4), &w.join}
		w.join.Add(1)
		go p.run()
		w.parts = append(w.parts, p)
	}
}

func (w *writer) retire(p *part) {
	w.join.Add(1) // @add
	go func() {   // @retire
		p.close()
		w.join.Done() // @done
	}()
}

func (w *writer) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.parts {
		w.retire(p)
	}
	w.join.Wait() // @close
}

func (w *writer) Stats() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.parts)
}

func Main() {
	w := &writer{}
	w.open(3)
	go w.Close()
	time.Sleep(100 * time.Millisecond)
	go w.Stats()
	http.ListenAndServe("127.0.0.1:0", nil)
}
