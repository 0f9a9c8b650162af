// Tasks of a group wait for groups of the same pool: when every worker runs one, nobody is left for the tasks in them.
package main

import (
	"net/http"
	"time"

	"github.com/alitto/pond"
)

func main() {
	pool := pond.New(4, 1000)
	go func() {
		outer := pool.Group()
		for range 20 {
			outer.Submit(func() {
				inner := pool.Group()
				for range 3 {
					inner.Submit(func() { time.Sleep(time.Millisecond) })
				}
				inner.Wait() // @inner
			})
		}
		outer.Wait() // @outer
	}()
	http.ListenAndServe("127.0.0.1:0", nil)
}
