// Package eofspin reads lines of a connection that has ended, and tries again.
package eofspin

import (
	"bufio"
	"net"
	"net/http"
	"strings"
)

func readLines(conn net.Conn, handle func(string)) {
	r := bufio.NewReader(conn)
	for {
		line, err := r.ReadString('\n') // @read
		if err != nil {
			continue // it may come back
		}
		handle(strings.TrimSpace(line))
	}
}

func Main() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		conn.Write([]byte("hello\n"))
		conn.Close()
	}()
	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		panic(err)
	}
	go readLines(conn, func(string) {})
	http.ListenAndServe("127.0.0.1:0", nil)
}
