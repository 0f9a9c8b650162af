// The daemon's "ps" hangs: a log driver's connection stalls, the copier blocks in it, stop waits for the copier under the container's lock.
package pssyslog

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

type sink struct {
	mu   sync.Mutex
	conn net.Conn
}

func (s *sink) log(line []byte) error {
	s.mu.Lock() // @sink
	defer s.mu.Unlock()
	_, err := s.conn.Write(line) // @write
	return err
}

type container struct {
	sync.Mutex
	name   string
	out    *io.PipeWriter
	copied sync.WaitGroup
}

func (c *container) copyLogs(src io.Reader, to *sink) {
	defer c.copied.Done()
	sc := bufio.NewScanner(src)
	for sc.Scan() {
		to.log(sc.Bytes())
	}
}

func start(name string, to *sink) *container {
	r, w := io.Pipe()
	c := &container{name: name, out: w}
	c.copied.Add(1)
	go c.copyLogs(r, to)
	go func() {
		for {
			if _, err := fmt.Fprintln(c.out, strings.Repeat("l", 8000)); err != nil { // @out
				return
			}
		}
	}()
	return c
}

func (c *container) stop() {
	c.Lock() // @stop
	defer c.Unlock()
	c.out.Close()
	c.copied.Wait() // @wait
}

func ps(cs []*container) (names []string) {
	for _, c := range cs {
		c.Lock() // @ps
		names = append(names, c.name)
		c.Unlock()
	}
	return
}

func Main() {
	ln, _ := net.Listen("tcp", "127.0.0.1:0")
	var peers []net.Conn // a syslog server that accepts and does not read
	defer func() { fmt.Println(len(peers)) }()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			peers = append(peers, c)
		}
	}()
	conn, _ := net.Dial("tcp", ln.Addr().String())
	to := &sink{conn: conn}
	cs := []*container{start("web", to), start("db", to)}
	time.Sleep(time.Second)
	go cs[0].stop()
	time.Sleep(50 * time.Millisecond)
	for i := 0; i < 3; i++ {
		go ps(cs)
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
