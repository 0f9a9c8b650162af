// Package donepanic calls Done at the end of its workers: one panics, which is recovered further up, and is never counted.
package donepanic

import (
	"log"
	"net/http"
	"sync"
	"time"
)

type batch struct {
	wg    sync.WaitGroup
	items []*int
}

func (b *batch) safely(f func()) {
	defer func() {
		if err := recover(); err != nil {
			log.Print(err)
		}
	}()
	f()
}

func (b *batch) process(item *int) {
	time.Sleep(10 * time.Millisecond)
	*item++
	b.wg.Done()
}

func (b *batch) run() {
	for _, item := range b.items {
		b.wg.Add(1)
		go b.safely(func() { b.process(item) })
	}
	b.wg.Wait() // @wait
}

func Main() {
	b := &batch{items: []*int{new(int), nil, new(int)}}
	go b.run()
	http.ListenAndServe("127.0.0.1:0", nil)
}
