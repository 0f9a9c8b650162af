package main

import (
	"fmt"
	"sync"
)

func init() {
	add("go1.22", rangeInts)
}

func rangeInts() {
	ch := make(chan int, 10)
	for i := range 3 {
		ch <- i
	}
	for range <-buf(2) {
		say("each")
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	total := 0
	for i := range n(4) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			mu.Lock()
			defer mu.Unlock()
			total += i
		}()
	}
	wg.Wait()
	say(total)
	var fs []func() string
	for i := <-ch; i < 3; i++ {
		fs = append(fs, func() string { i += 10; return fmt.Sprint(i) })
	}
	for _, f := range fs {
		say(f(), f())
	}
}
