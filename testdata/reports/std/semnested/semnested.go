// Package semnested walks a tree, a goroutine for each folder, and keeps a slot while it waits for the folders below.
package semnested

import (
	"net/http"
	"sync"
	"time"
)

type walker struct {
	slots chan struct{}
}

func (w *walker) walk(depth int) {
	w.slots <- struct{}{} // @take
	defer func() { <-w.slots }()
	time.Sleep(10 * time.Millisecond)
	if depth == 0 {
		return
	}
	var wg sync.WaitGroup
	for range 3 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			w.walk(depth - 1)
		}()
	}
	wg.Wait() // @wait
}

func Main() {
	w := &walker{make(chan struct{}, 4)}
	go w.walk(5)
	http.ListenAndServe("127.0.0.1:0", nil)
}
