// Log is a program to run with AWAITTRACE=log, which prints every probe as it is reached: the last resort of looking at all of it.
package main

import (
	"fmt"
	"sync"
	"time"
)

func main() {
	var mu sync.Mutex
	requests, replies := make(chan int), make(chan int, 1)
	go func() {
		for r := range requests {
			time.Sleep(40 * time.Millisecond)
			mu.Lock()
			replies <- r * 2
			mu.Unlock()
		}
		close(replies)
	}()
	for i := 1; i <= 2; i++ {
		time.Sleep(20 * time.Millisecond) // the other goroutine waits by now
		requests <- i
		fmt.Println(<-replies)
	}
	time.Sleep(20 * time.Millisecond)
	close(requests)
	time.Sleep(20 * time.Millisecond)
	_, ok := <-replies
	fmt.Println(ok)
}
