package main

import (
	"sync"
	"time"
)

type config struct {
	once   sync.Once
	mu     sync.Mutex
	loaded chan int
}

func newConfig() *config { return &config{loaded: make(chan int)} }

//go:noinline
func (c *config) again() {
	c.once.Do(c.again) // deadlock: the function of the Once
}

//go:noinline
func (c *config) before(d *config) {
	c.once.Do(func() {
		time.Sleep(step)
		d.once.Do(func() {}) // deadlock: two Onces
	})
}

//go:noinline
func (c *config) locked() {
	c.mu.Lock()
	defer c.mu.Unlock()
	time.Sleep(step)
	c.once.Do(func() {}) // deadlock: a Once and a lock
}

//go:noinline
func (c *config) lock() {
	c.once.Do(func() {
		time.Sleep(step)
		c.mu.Lock() // deadlock: a Once and a lock
	})
}

//go:noinline
func (c *config) wait() {
	c.once.Do(func() {
		<-c.loaded // deadlock: the only one that could send waits for the Once
	})
}

func startOnces() {
	go newConfig().again()
	a, b := newConfig(), newConfig()
	go a.before(b)
	go b.before(a)
	c := newConfig()
	go c.locked()
	go c.lock()
	d := newConfig()
	go d.wait()
	go func() {
		time.Sleep(step)
		d.once.Do(func() {}) // deadlock: behind that
	}()
	go func() {
		var get func() int
		get = sync.OnceValue(func() int {
			return get() // deadlock: a value that needs itself
		})
		get()
	}()
	go func() {
		var do func()
		do = sync.OnceFunc(func() {
			do() // deadlock: a function that calls itself
		})
		do()
	}()
}

var (
	settings  sync.Once
	languages = sync.OnceValue(func() int {
		time.Sleep(time.Hour) // fine: it sleeps
		return 1
	})
)

// startSlowOnces has Onces whose functions take long.
func startSlowOnces() {
	for range 2 {
		go settings.Do(func() {
			time.Sleep(time.Hour) // fine: it sleeps
		})
		go languages()
		time.Sleep(step)
	}
	go func() {
		settings.Do(func() {}) // fine: who sleeps goes on
	}()
	go func() {
		languages() // fine: who sleeps goes on
	}()
	timer := &config{loaded: make(chan int)}
	time.AfterFunc(time.Hour, func() { timer.loaded <- 1 })
	go timer.once.Do(func() {
		<-timer.loaded // fine: AfterFunc
	})
	time.Sleep(step)
	go func() {
		timer.once.Do(func() {}) // fine: behind that
	}()
}
