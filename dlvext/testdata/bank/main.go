// Bank takes two locks in two orders: a transfer there and a transfer back wait for each other, and an audit for both. A clerk waits for
// work that nobody sends.
package main

import (
	"sync"
	"time"
)

type account struct {
	mu      sync.Mutex
	balance int
}

// transfer locks both accounts. The bug: in the order of its arguments.
func transfer(from, to *account, amount int, begun *sync.WaitGroup) {
	from.mu.Lock()
	defer from.mu.Unlock()
	begun.Done()
	begun.Wait() // so that it goes wrong each time
	to.mu.Lock()
	defer to.mu.Unlock()
	from.balance -= amount
	to.balance += amount
}

// audit adds up all accounts.
func audit(accounts ...*account) (total int) {
	for _, a := range accounts {
		a.mu.Lock()
		total += a.balance
		a.mu.Unlock()
	}
	return total
}

// clerk does what jobs say.
func clerk(jobs <-chan func()) {
	for job := range jobs {
		job()
	}
}

func main() {
	savings, wages := &account{balance: 100}, &account{balance: 100}
	jobs := make(chan func(), 2)
	go clerk(jobs)
	var begun sync.WaitGroup
	begun.Add(2)
	go transfer(savings, wages, 10, &begun)
	go transfer(wages, savings, 20, &begun)
	begun.Wait()
	time.Sleep(200 * time.Millisecond)
	go audit(savings, wages)
	time.Sleep(time.Hour)
}
