// A stream is accepted and never read: its writer waits until the peer has room for more.
package main

import (
	"log"
	"net"
	"net/http"

	"github.com/hashicorp/yamux"
)

func main() {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go func() {
		c, _ := l.Accept()
		s, _ := yamux.Server(c, nil)
		for {
			st, err := s.Accept()
			if err != nil {
				return
			}
			_ = st
		}
	}()
	c, _ := net.Dial("tcp", l.Addr().String())
	s, err := yamux.Client(c, nil)
	if err != nil {
		log.Fatal(err)
	}
	st, err := s.Open()
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		buf := make([]byte, 32<<10)
		for {
			if _, err := st.Write(buf); err != nil { // @write
				log.Print(err)
				return
			}
		}
	}()
	http.ListenAndServe("127.0.0.1:0", nil)
}
