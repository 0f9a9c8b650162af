// Connections of a pool that has a limit and waits, of which a handler keeps one while it calls another function, which takes one.
package main

import (
	"net/http"
	"time"

	"github.com/gomodule/redigo/redis"
)

// A conn is a connection that answers without a server.
type conn struct{}

func (conn) Close() error                    { return nil }
func (conn) Err() error                      { return nil }
func (conn) Do(string, ...any) (any, error)  { return nil, nil }
func (conn) Send(string, ...any) error       { return nil }
func (conn) Flush() error                    { return nil }
func (conn) Receive() (reply any, err error) { return nil, nil }

func count(p *redis.Pool) {
	c := p.Get() // @inner
	defer c.Close()
	c.Do("INCR", "visits")
}

func visit(p *redis.Pool) {
	c := p.Get() // @outer
	defer c.Close()
	c.Do("GET", "page")
	time.Sleep(50 * time.Millisecond)
	count(p)
}

func main() {
	p := &redis.Pool{MaxActive: 3, Wait: true, Dial: func() (redis.Conn, error) { return conn{}, nil }}
	for range 8 {
		go visit(p)
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
