// Package zkclose closes a connection by a request that is queued, in a select with a timeout. The loop that sends requests has ended with the connection, and
// with its queue full the select is never reached.
package zkclose

import (
	"errors"
	"net/http"
	"time"
)

type request struct{ answer chan error }

type conn struct {
	sends chan *request
}

func (c *conn) queue() <-chan error {
	r := &request{make(chan error, 1)}
	c.sends <- r // @queue
	return r.answer
}

func (c *conn) sendLoop(n int) error {
	for r := range c.sends {
		if n--; n == 0 {
			return errors.New("connection reset") // @ends
		}
		r.answer <- nil
	}
	return nil
}

func (c *conn) Close() {
	select {
	case <-c.queue(): // @close
	case <-time.After(time.Second):
	}
}

func Main() {
	c := &conn{sends: make(chan *request, 4)}
	go c.sendLoop(3)
	for range 8 {
		go c.queue()
		time.Sleep(10 * time.Millisecond)
	}
	go c.Close()
	http.ListenAndServe("127.0.0.1:0", nil)
}
