// Package noflush has a server that writes its answers to a buffer, and never sends that.
package noflush

import (
	"bufio"
	"fmt"
	"net"
)

func serve(c net.Conn) {
	r := bufio.NewReader(c)
	w := bufio.NewWriter(c)
	for {
		line, err := r.ReadString('\n') // @serve
		if err != nil {
			return
		}
		fmt.Fprintf(w, "echo %s", line) // never flushed
	}
}

func Main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		panic(err)
	}
	fmt.Fprintln(c, "hello")
	answer, err := bufio.NewReader(c).ReadString('\n') // @ask
	fmt.Println(answer, err)
}
