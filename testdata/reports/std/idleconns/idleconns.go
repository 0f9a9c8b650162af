// Package idleconns asks a server now and then, and closes each body: the connection and its goroutines stay for the next request, which others report as a leak.
package idleconns

import (
	"io"
	"net"
	"net/http"
	"time"
)

func ask(url string) {
	res, err := http.Get(url)
	if err != nil {
		panic(err)
	}
	defer res.Body.Close()
	io.Copy(io.Discard, res.Body)
}

func Main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }))
	for {
		ask("http://" + l.Addr().String())
		time.Sleep(time.Minute)
	}
}
