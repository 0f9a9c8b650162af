// Orphan leaves a function early and forgets to unlock: the goroutine that holds the lock no longer exists, so no dump can show it.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"time"
)

type cache struct {
	mu    sync.Mutex
	pages map[string]string
}

var errEmpty = errors.New("empty name")

// put files a page. The bug: the error path does not unlock.
func (c *cache) put(name, page string) error {
	c.mu.Lock()
	if name == "" {
		return errEmpty
	}
	c.pages[name] = page
	c.mu.Unlock()
	return nil
}

func (c *cache) get(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pages[name]
}

func main() {
	c := &cache{pages: make(map[string]string)}
	failed := make(chan error)
	go func() { failed <- c.put("", "page") }()
	fmt.Println(<-failed)
	time.Sleep(20 * time.Millisecond)
	for i := 0; i < 3; i++ {
		go c.get("index")
	}

	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	<-interrupt
}
