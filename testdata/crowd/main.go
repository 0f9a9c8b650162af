// Crowd starts as many goroutines as its argument says, 100,000 without one, which all wait to send to one channel. It prints "waiting"
// when they do. SIGUSR1 makes it receive from the channel what they send, wait for all of them and say how many came back.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	n := 100_000
	if len(os.Args) > 1 {
		var err error
		if n, err = strconv.Atoi(os.Args[1]); err != nil || n < 0 {
			fmt.Fprintf(os.Stderr, "crowd: %q is no number of goroutines\n", os.Args[1])
			os.Exit(2)
		}
	}
	release := make(chan os.Signal, 1)
	signal.Notify(release, syscall.SIGUSR1)
	gate := make(chan struct{})
	var wg sync.WaitGroup
	var arrived, back atomic.Int64
	for range n {
		wg.Go(func() {
			arrived.Add(1)
			gate <- struct{}{}
			back.Add(1)
		})
	}
	for arrived.Load() < int64(n) {
		time.Sleep(time.Millisecond)
	}
	fmt.Println("waiting")
	<-release
	for range n {
		<-gate
	}
	wg.Wait()
	fmt.Println(back.Load())
}
