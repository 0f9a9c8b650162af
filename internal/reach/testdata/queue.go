// Queue has many goroutines that wait for one lock.
package main

import (
	"fmt"
	"sync"
	"time"
)

const many = 2000

func main() {
	var mu sync.Mutex
	mu.Lock()
	var begun sync.WaitGroup
	begun.Add(many)
	for range many {
		go func() {
			begun.Done()
			mu.Lock()
			defer mu.Unlock()
		}()
	}
	begun.Wait()
	time.Sleep(100 * time.Millisecond)
	fmt.Println("ready")
	time.Sleep(time.Hour)
	mu.Unlock()
}
