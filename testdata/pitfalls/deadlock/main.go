// Deadlock takes two locks in two orders: a transfer there and a transfer back wait for each other, and all others for them.
package main

import (
	"os"
	"os/signal"
	"sync"
	"time"
)

type account struct {
	mu      sync.Mutex
	balance int
}

// transfer locks both accounts. The bug: in the order of its arguments.
func transfer(from, to *account, amount int) {
	from.mu.Lock()
	defer from.mu.Unlock()
	time.Sleep(300 * time.Millisecond) // ask whether this is allowed
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

func main() {
	savings, wages := &account{balance: 100}, &account{balance: 100}
	go transfer(savings, wages, 10)
	time.Sleep(100 * time.Millisecond)
	go transfer(wages, savings, 20)
	time.Sleep(600 * time.Millisecond)
	go audit(savings, wages)

	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	<-interrupt
}
