// Real has as many goroutines as its argument says, with a profiler label, besides one that waits for a lock and one in a C call. Then it writes a
// dump of them to standard output, or waits for SIGQUIT.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime/pprof"
	"strconv"
	"sync"
	"time"
)

var (
	never = make(chan int)
	mu    sync.Mutex
)

func wait(begun *sync.WaitGroup) {
	begun.Done()
	<-never
}

func lock(begun *sync.WaitGroup) {
	begun.Done()
	mu.Lock()
}

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	var begun sync.WaitGroup
	begun.Add(n + 2)
	pprof.Do(context.Background(), pprof.Labels("path", "/transfer"), func(context.Context) {
		for range n {
			go wait(&begun)
		}
	})
	mu.Lock()
	go lock(&begun)
	go callC(&begun)
	begun.Wait()
	time.Sleep(time.Second) // on a busy machine it takes long until all wait
	if os.Args[2] == "write" {
		_ = pprof.Lookup("goroutine").WriteTo(os.Stdout, 2)
		return
	}
	fmt.Println("ready")
	time.Sleep(time.Hour)
}
