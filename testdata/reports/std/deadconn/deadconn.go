// syncthing #2547, segmentio/kafka-go #1006 and kin: a reader of a connection without a deadline, whose peer is gone without a word; Close waits for it.
package deadconn

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

type client struct {
	conn net.Conn
	msgs chan string
	stop chan struct{}
	wg   sync.WaitGroup
}

func dial(addr string) *client {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		panic(err)
	}
	cl := &client{conn: c, msgs: make(chan string), stop: make(chan struct{})}
	cl.wg.Add(2)
	go cl.read()
	go cl.serve()
	return cl
}

func (c *client) read() {
	defer c.wg.Done()
	defer close(c.msgs)
	sc := bufio.NewScanner(c.conn)
	for sc.Scan() { // @read
		c.msgs <- sc.Text()
	}
}

func (c *client) serve() {
	defer c.wg.Done()
	for {
		select {
		case m, ok := <-c.msgs:
			if !ok {
				return
			}
			_ = m
		case <-c.stop:
			return
		}
	}
}

func (c *client) Close() {
	close(c.stop)
	c.wg.Wait() // @wait
	c.conn.Close()
}

func Main() {
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	var peers []net.Conn
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			peers = append(peers, c)
			fmt.Fprintln(c, "hello")
		}
	}()
	cl := dial(ln.Addr().String())
	time.Sleep(100 * time.Millisecond)
	go cl.Close()
	http.ListenAndServe("127.0.0.1:0", nil)
	fmt.Println(len(peers))
}
