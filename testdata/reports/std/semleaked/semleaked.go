// Package semleaked limits how many fetch at a time by a channel. A fetch that fails returns without giving its slot back.
package semleaked

import (
	"errors"
	"net/http"
	"time"
)

type fetcher struct{ slots chan struct{} }

func (f *fetcher) fetch(n int) error {
	f.slots <- struct{}{} // @take
	if n%2 == 0 {
		return errors.New("not found")
	}
	time.Sleep(10 * time.Millisecond)
	<-f.slots
	return nil
}

func Main() {
	f := &fetcher{make(chan struct{}, 3)}
	go func() {
		for n := range 12 {
			go f.fetch(n)
			time.Sleep(5 * time.Millisecond)
		}
	}()
	http.ListenAndServe("127.0.0.1:0", nil)
}
