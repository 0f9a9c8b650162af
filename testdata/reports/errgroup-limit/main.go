// A walk adds a task for each folder to one errgroup with a limit, from the tasks of it: they all wait for a place.
package main

import (
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
)

type walker struct{ group errgroup.Group }

func (w *walker) walk(depth int) error {
	time.Sleep(10 * time.Millisecond)
	if depth == 0 {
		return nil
	}
	for range 3 {
		w.group.Go(func() error { return w.walk(depth - 1) }) // @go
	}
	return nil
}

func main() {
	w := &walker{}
	w.group.SetLimit(4)
	go func() {
		w.group.Go(func() error { return w.walk(5) })
		w.group.Wait() // @wait
	}()
	http.ListenAndServe("127.0.0.1:0", nil)
}
