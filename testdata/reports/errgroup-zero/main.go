// The limit of an errgroup comes from a configuration that has none: with zero, the first Go waits for ever.
package main

import (
	"net/http"

	"golang.org/x/sync/errgroup"
)

type config struct{ parallel int }

func fetch(c config, urls []string) error {
	var group errgroup.Group
	group.SetLimit(c.parallel)
	for range urls {
		group.Go(func() error { return nil }) // @go
	}
	return group.Wait()
}

func main() {
	go fetch(config{}, []string{"a", "b"}) // @start
	http.ListenAndServe("127.0.0.1:0", nil)
}
