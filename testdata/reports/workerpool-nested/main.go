// Tasks of a pool have it run parts of their work, and wait for these: with every worker in such a task, none is left.
package main

import (
	"net/http"
	"time"

	"github.com/gammazero/workerpool"
)

func main() {
	pool := workerpool.New(2)
	for range 6 {
		pool.Submit(func() {
			time.Sleep(20 * time.Millisecond)
			pool.SubmitWait(func() {}) // @part
		})
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
