// Hang fetches prices with a pool of workers, and hangs: the first program to try awaittrace on.
//
//	go run ./cmd/awaittrace run -after 2s ./testdata/hang
//
// A worker sends its result while it holds the mutex, and who receives the results needs the mutex to get to the next
// one. No goroutine dump says who holds the mutex; the report does. After five seconds the program gives up.
package main

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// A quote is what a worker found out about one item.
type quote struct {
	item  string
	cents int
}

// A shop collects quotes.
type shop struct {
	mu      sync.Mutex // guards fetched and prices
	fetched int
	prices  map[string]int

	jobs   chan string
	quotes chan quote
}

// worker fetches the price of every item that it gets.
func (s *shop) worker() {
	for item := range s.jobs {
		q := quote{item, fetch(item)}
		s.mu.Lock()
		s.fetched++
		s.quotes <- q // the bug: this waits for collect, which waits for the mutex
		s.mu.Unlock()
	}
}

// collect files the quotes as they come.
func (s *shop) collect() {
	for q := range s.quotes {
		s.mu.Lock()
		s.prices[q.item] = q.cents
		s.mu.Unlock()
	}
}

// fetch stands for a request over the network.
func fetch(item string) int {
	time.Sleep(5 * time.Millisecond)
	return 100 * len(item)
}

func main() {
	s := &shop{prices: make(map[string]int), jobs: make(chan string), quotes: make(chan quote)}
	go s.collect()

	var workers sync.WaitGroup
	for i := 0; i < 4; i++ {
		workers.Go(s.worker)
	}
	done := make(chan struct{})
	go func() {
		for i := 0; i < 100; i++ {
			s.jobs <- fmt.Sprintf("item %d", i)
		}
		close(s.jobs)
		workers.Wait()
		close(done)
	}()

	select {
	case <-done:
		fmt.Println("all prices are there")
	case <-time.After(5 * time.Second):
		fmt.Fprintln(os.Stderr, "hang: no prices after 5 seconds, giving up")
		os.Exit(1)
	}
}
