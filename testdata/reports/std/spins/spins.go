// Four ways to burn a processor that reports tell of: a poll with default, a poll of a flag under a lock, a retry without a pause, a closed channel in a range of selects.
package spins

import (
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
)

func pollDefault(stop chan struct{}, jobs chan int) {
	for {
		select { // @select
		case <-stop:
			return
		case <-jobs:
		default:
		}
	}
}

type flag struct {
	mu sync.Mutex
	ok bool
}

func pollFlag(f *flag) {
	for {
		f.mu.Lock() // @flag
		ok := f.ok
		f.mu.Unlock()
		if ok {
			return
		}
	}
}

func retryDial(addr string) net.Conn {
	for {
		if c, err := net.Dial("tcp", addr); err == nil { // @dial
			return c
		}
	}
}

var errTemporary = errors.New("temporary")

func acceptClosed(ln net.Listener) {
	for {
		if _, err := ln.Accept(); err != nil { // @accept
			continue // "temporary"
		}
	}
}

func Main() {
	switch os.Args[2] {
	case "default":
		go pollDefault(make(chan struct{}), make(chan int))
	case "flag":
		go pollFlag(&flag{})
	case "dial":
		go retryDial("127.0.0.1:1")
	case "accept":
		ln, _ := net.Listen("tcp", "127.0.0.1:0")
		ln.Close()
		go acceptClosed(ln)
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
