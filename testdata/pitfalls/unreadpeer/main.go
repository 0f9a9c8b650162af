// Unreadpeer writes to a peer that does not read: when the buffers of both kernels are full, Write waits, without a deadline for ever.
package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
)

// publish sends updates to one subscriber for as long as it takes them.
func publish(conn net.Conn, sent *atomic.Int64) {
	update := make([]byte, 64<<10)
	for {
		k, err := conn.Write(update)
		if err != nil {
			return
		}
		sent.Add(int64(k))
	}
}

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	subscriber, err := net.Dial("tcp", l.Addr().String()) // and never reads
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	defer subscriber.Close()
	conn, err := l.Accept()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var sent atomic.Int64
	go publish(conn, &sent)

	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	<-interrupt
}
