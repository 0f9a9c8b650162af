// A task of a group starts another one while the group is waited for.
package main

import (
	"context"
	"net/http"
	"time"

	"github.com/neilotoole/errgroup"
)

func main() {
	g, ctx := errgroup.WithContext(context.Background())
	g.Go(func() error {
		for ctx.Err() == nil {
			time.Sleep(100 * time.Millisecond)
			g.Go(func() error { return nil }) // @go
		}
		return nil
	})
	time.Sleep(150 * time.Millisecond)
	go g.Wait() // @wait
	http.ListenAndServe("127.0.0.1:0", nil)
}
