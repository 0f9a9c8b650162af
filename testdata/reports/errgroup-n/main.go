// github.com/neilotoole/errgroup #11: the only worker ends with an error; Go and Wait go on waiting.
package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/neilotoole/errgroup"
)

func batch() error {
	g, _ := errgroup.WithContextN(context.Background(), 1, 1)
	for i := 0; i < 12; i++ {
		g.Go(func() error { // @go
			if i == 3 {
				return errors.New("no such row")
			}
			return nil
		})
	}
	return g.Wait() // @wait
}

func main() {
	go func() {
		for i := 0; i < 3000; i++ {
			go batch()
			time.Sleep(100 * time.Microsecond)
		}
	}()
	http.ListenAndServe("127.0.0.1:0", nil)
}
