// Package condowed has a queue whose consumer puts back what it could not do: with the queue full it waits for itself to take something out.
package condowed

import (
	"net/http"
	"sync"
)

type queue struct {
	mu       sync.Mutex
	notEmpty *sync.Cond
	notFull  *sync.Cond
	items    []int
	max      int
}

func newQueue(max int) *queue {
	q := &queue{max: max}
	q.notEmpty, q.notFull = sync.NewCond(&q.mu), sync.NewCond(&q.mu)
	return q
}

func (q *queue) put(v int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == q.max {
		q.notFull.Wait() // @full
	}
	q.items = append(q.items, v)
	q.notEmpty.Signal()
}

func (q *queue) take() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 {
		q.notEmpty.Wait()
	}
	v := q.items[0]
	q.items = q.items[1:]
	q.notFull.Signal() // @signal
	return v
}

func (q *queue) work() {
	for n := 0; ; n++ {
		v := q.take()
		if n >= 100 {
			q.put(v) // @retry
		}
	}
}

func Main() {
	q := newQueue(8)
	go q.work()
	for range 4 {
		go func() {
			for n := 0; ; n++ {
				q.put(n) // @produce
			}
		}()
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
