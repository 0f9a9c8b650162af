// Package httpsilent asks a server that takes the connection, and does not answer.
package httpsilent

import (
	"net"
	"net/http"
)

func Main() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Get("http://" + ln.Addr().String()) // @get
	select {}
}
