// Package hostrefresh makes a pool of hosts for each session, and closes none: each has a goroutine of the library's, with none of the user's functions on its stack.
package hostrefresh

import (
	"net/http"
	"time"

	"example.com/hosts"
)

func session() *hosts.Pool {
	return hosts.New("a:28015", "b:28015") // @new
}

func Main() {
	go http.ListenAndServe("127.0.0.1:0", nil)
	for range time.Tick(20 * time.Millisecond) {
		session()
	}
}
