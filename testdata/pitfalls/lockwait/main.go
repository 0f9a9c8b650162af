// Lockwait holds a mutex while it runs a command that takes its time: everybody who only wants to read the version queues behind it.
// The one thing to look at is the command; the waiters are its consequence.
package main

import (
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"time"
)

type versions struct {
	mu     sync.RWMutex
	latest string
}

// refresh asks the outside world. The bug: it does so under the lock.
func (v *versions) refresh() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	out, err := exec.Command("sleep", "300").Output()
	if err != nil {
		return err
	}
	v.latest = strings.TrimSpace(string(out))
	return nil
}

// handle is one request that needs the version.
func (v *versions) handle(reply chan<- string) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	reply <- v.latest
}

func main() {
	v, reply := &versions{latest: "v1"}, make(chan string, 10)
	v.handle(reply)
	go v.refresh()
	time.Sleep(20 * time.Millisecond)
	for i := 0; i < 5; i++ {
		go v.handle(reply)
	}
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	<-interrupt
}
