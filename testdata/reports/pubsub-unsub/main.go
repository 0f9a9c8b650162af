// A subscriber that has stopped reading wants to be taken off the list, by the goroutine that sends to it.
package main

import (
	"net/http"
	"time"

	"github.com/cskr/pubsub"
)

func main() {
	ps := pubsub.New(1)
	go func() {
		ch := ps.Sub("news")
		<-ch
		time.Sleep(200 * time.Millisecond) // the client has gone
		ps.Unsub(ch, "news")               // @unsub
	}()
	time.Sleep(50 * time.Millisecond)
	go func() {
		for {
			ps.Pub("x", "news") // @pub
			time.Sleep(time.Millisecond)
		}
	}()
	http.ListenAndServe("127.0.0.1:0", nil)
}
