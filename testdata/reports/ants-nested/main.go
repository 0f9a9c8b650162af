// A task of a pool gives the pool another task: with as many of these as the pool has workers, none goes on.
package main

import (
	"net/http"
	"time"

	"github.com/panjf2000/ants/v2"
)

func main() {
	pool, err := ants.NewPool(4)
	if err != nil {
		panic(err)
	}
	go func() {
		for range 10 {
			pool.Submit(func() { // @outer
				time.Sleep(50 * time.Millisecond)
				pool.Submit(func() {}) // @inner
			})
		}
	}()
	http.ListenAndServe("127.0.0.1:0", nil)
}
