// A client that reconnects makes a pool of hosts each time, and does not close the one before: each has a goroutine with a ticker.
package main

import (
	"net/http"
	"time"

	"github.com/bitly/go-hostpool"
)

// reconnect makes the pool of a new session.
func reconnect() hostpool.HostPool {
	return hostpool.NewEpsilonGreedy([]string{"a:28015", "b:28015"}, time.Hour, &hostpool.LinearEpsilonValueCalculator{}) // @new
}

func main() {
	go http.ListenAndServe("127.0.0.1:0", nil)
	for range time.Tick(20 * time.Millisecond) {
		reconnect()
	}
}
