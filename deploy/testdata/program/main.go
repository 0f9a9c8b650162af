// Program has a deadlock of two goroutines, and a third that waits for a peer which does not write.
package main

import (
	"fmt"
	"net"
	"sync"
	"time"
)

func transfer(from, to *sync.Mutex) {
	from.Lock()
	time.Sleep(20 * time.Millisecond)
	to.Lock()
}

func read(c net.Conn) {
	c.Read(make([]byte, 1))
}

func main() {
	if l, err := net.Listen("tcp", "127.0.0.1:0"); err == nil { // where there is a loopback interface that is up
		if c, err := net.Dial("tcp", l.Addr().String()); err == nil {
			go read(c)
		}
	}
	var a, b sync.Mutex
	go transfer(&a, &b)
	go transfer(&b, &a)
	time.Sleep(300 * time.Millisecond)
	fmt.Println("ready")
	time.Sleep(10 * time.Minute)
}
