// A server pings its client, and does not read. Ping returns when a Read has seen the pong, and its context never ends.
package main

import (
	"context"
	"log"
	"net"
	"net/http"
	"time"

	"nhooyr.io/websocket"
)

func main() {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			log.Print(err)
			return
		}
		for {
			if err := c.Ping(context.Background()); err != nil { // @ping
				log.Print(err)
				return
			}
			time.Sleep(time.Second)
		}
	}))
	c, _, err := websocket.Dial(context.Background(), "ws://"+l.Addr().String(), nil)
	if err != nil {
		log.Fatal(err)
	}
	for {
		_, _, err := c.Read(context.Background())
		if err != nil {
			log.Fatal(err)
		}
	}
}
