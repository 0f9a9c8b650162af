// Steps has a probe on nearly every line.
package main

import (
	"fmt"
	"sync"
	"time"
)

func double(n int) int {
	return 2 * n
}

func main() {
	ch := make(chan int, 3)
	var mu sync.Mutex
	mu.Lock()
	ch <- double(1)
	x := <-ch
	mu.Unlock()
	ch <- 1
	close(ch)
	for v := range ch {
		x += double(v)
	}
	time.Sleep(time.Millisecond)
	var once sync.Once
	once.Do(func() {
		x++
	})
	fmt.Println(x)
}
