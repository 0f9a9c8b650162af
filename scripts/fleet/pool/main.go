//go:build linux

// Pool is a program for the measurement of many: pool GOROUTINES JOBS has so many goroutines, in crews of ten that wait
// for jobs, and gives them so many jobs a second. Each job takes a lock; once a second
// it holds it for a while, and another goroutine waits for it. SIGHUP makes it
// replace itself by exec.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"
)

type job struct {
	done chan<- int
	slow bool // the lock is held for a while
}

// A crew shares a queue and a count under a lock.
type crew struct {
	jobs chan job
	mu   sync.Mutex
	n    int
}

func (c *crew) work() {
	for j := range c.jobs {
		c.mu.Lock()
		c.n++
		n := c.n
		if j.slow {
			time.Sleep(20 * time.Millisecond)
		}
		c.mu.Unlock()
		j.done <- n
	}
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: pool GOROUTINES JOBS")
		os.Exit(2)
	}
	goroutines, err1 := strconv.Atoi(os.Args[1])
	jobs, err2 := strconv.Atoi(os.Args[2])
	if err1 != nil || err2 != nil || goroutines < 10 || jobs < 1 {
		fmt.Fprintln(os.Stderr, "pool: want numbers: at least 10 goroutines, and a job a second")
		os.Exit(2)
	}
	crews := make([]crew, goroutines/10)
	for i := range crews {
		crews[i].jobs = make(chan job)
		for range 10 {
			go crews[i].work()
		}
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	go func() {
		<-again
		if err := syscall.Exec("/proc/self/exe", os.Args, os.Environ()); err != nil {
			fmt.Fprintln(os.Stderr, "pool:", err)
			os.Exit(1)
		}
	}()
	fmt.Println("ready")
	done := make(chan int)
	for i := 0; ; i++ {
		c, slow := &crews[i%len(crews)], i%jobs == 0
		c.jobs <- job{done, slow}
		if slow {
			time.Sleep(5 * time.Millisecond)
			c.mu.Lock() // which the worker holds
			c.n++
			c.mu.Unlock()
		}
		<-done
		time.Sleep(time.Second / time.Duration(jobs))
	}
}
