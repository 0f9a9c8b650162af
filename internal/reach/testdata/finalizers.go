// Finalizers has three finalizers that send to a channel of which nobody receives, and a goroutine that waits for one of
// them.
package main

import (
	"fmt"
	"runtime"
	"time"
)

type handle struct {
	fd     int
	closed chan bool
}

func main() {
	unread, last := make(chan int), make(chan bool)
	for i := range 3 {
		h := &handle{fd: i, closed: last}
		runtime.SetFinalizer(h, func(h *handle) {
			unread <- h.fd
			close(h.closed)
		})
	}
	go func() { <-last }()
	for range 3 {
		time.Sleep(10 * time.Millisecond)
		runtime.GC()
	}
	fmt.Println("ready")
	time.Sleep(time.Hour)
}
