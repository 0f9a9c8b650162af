//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net"
	"sync"
)

// What the operations work on. The compiler must not see that nothing uses it.
var (
	mu   sync.Mutex
	rw   sync.RWMutex
	sink int
	text = bytes.Repeat([]byte("hello world, 0123456789\n"), 4096)
)

var ops = []op{
	{"Mutex Lock + Unlock", func(n int) {
		for range n {
			mu.Lock()
			mu.Unlock()
		}
	}},
	{"RWMutex RLock + RUnlock", func(n int) {
		for range n {
			rw.RLock()
			rw.RUnlock()
		}
	}},
	{"buffered send + receive", func(n int) {
		ch := make(chan int, 1)
		for i := range n {
			ch <- i
			<-ch
		}
	}},
	{"unbuffered round trip", func(n int) {
		ch, back := make(chan int), make(chan int)
		go func() {
			for v := range ch {
				back <- v
			}
		}()
		for i := range n {
			ch <- i
			<-back
		}
		close(ch)
	}},
	{"three-stage pipeline", func(n int) {
		a, b := make(chan int), make(chan int)
		go func() {
			for i := range n {
				a <- i
			}
			close(a)
		}()
		go func() {
			for v := range a {
				b <- v
			}
			close(b)
		}()
		for v := range b {
			sink = v
		}
	}},
	{"select of 2, ready", func(n int) {
		full, never := make(chan int, 1), make(chan int)
		for i := range n {
			full <- i
			select {
			case <-never:
			case <-full:
			}
		}
	}},
	{"select of 1 with default", func(n int) {
		never := make(chan int)
		for range n {
			select {
			case v := <-never:
				sink = v
			default:
			}
		}
	}},
	{"WaitGroup.Go + Wait", func(n int) {
		for range n {
			var wg sync.WaitGroup
			wg.Go(func() {})
			wg.Wait()
		}
	}},
	{"make + send + receive", func(n int) {
		for range n {
			ch := make(chan int, 1)
			ch <- 1
			sink += <-ch
		}
	}},
	{"goroutine that sends once", func(n int) {
		ch := make(chan int)
		for range n {
			go func() { ch <- 1 }()
			<-ch
		}
	}},
	{"Once.Do, done", func(n int) {
		var once sync.Once
		for range n {
			once.Do(func() {})
		}
	}},
	{"bufio ReadByte", func(n int) {
		r := bufio.NewReader(bytes.NewReader(text))
		for range n {
			b, err := r.ReadByte()
			if err != nil {
				r.Reset(bytes.NewReader(text))
			}
			sink += int(b)
		}
	}},
	{"bufio ReadByte from what may wait", func(n int) {
		r := bufio.NewReader(endless{})
		for range n {
			b, _ := r.ReadByte()
			sink += int(b)
		}
	}},
	{"bufio Write to what may wait", func(n int) {
		w, b := bufio.NewWriter(sinkhole{}), text[:16]
		for range n {
			w.Write(b)
		}
	}},
	{"Write to an io.Writer that is io.Discard", func(n int) {
		w, b := io.Discard, text[:16]
		for range n {
			w.Write(b)
		}
	}},
	{"Write to an io.Writer that may wait", func(n int) {
		w, b := io.Writer(sinkhole{}), text[:16]
		for range n {
			w.Write(b)
		}
	}},
	{"Scanner.Scan", func(n int) {
		s := bufio.NewScanner(bytes.NewReader(text))
		for range n {
			if !s.Scan() {
				s = bufio.NewScanner(bytes.NewReader(text))
			}
		}
	}},
	{"Fprintf to an io.Writer that is a bytes.Buffer", func(n int) {
		var buf bytes.Buffer
		var w io.Writer = &buf
		for range n {
			fmt.Fprintf(w, "%d", 7)
			if buf.Len() > 1<<16 {
				buf.Reset()
			}
		}
	}},
	{"csv Read", func(n int) {
		r := csv.NewReader(bytes.NewReader(text))
		r.ReuseRecord = true
		for range n {
			if _, err := r.Read(); err != nil {
				r = csv.NewReader(bytes.NewReader(text))
				r.ReuseRecord = true
			}
		}
	}},
	{"64-byte write on loopback TCP", func(n int) {
		conn, b := loopback(), make([]byte, 64)
		defer conn.Close()
		for range n {
			conn.Write(b)
		}
	}},
}

// A sinkhole is like io.Discard, which the collector knows.
type sinkhole struct{}

func (sinkhole) Write(b []byte) (int, error) { return len(b), nil }

// An endless has as many bytes as anybody reads.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// loopback returns a TCP connection to a peer that reads all that comes.
func loopback() net.Conn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	go func() {
		peer, err := l.Accept()
		if err != nil {
			return
		}
		defer peer.Close()
		for buf := make([]byte, 64<<10); err == nil; {
			_, err = peer.Read(buf)
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		panic(err)
	}
	return conn
}
