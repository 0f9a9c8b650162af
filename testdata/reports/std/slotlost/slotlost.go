// Package slotlost limits how much is fetched at a time by a channel. Its loop goes on to the next page without giving the slot back where a page fails.
package slotlost

import (
	"errors"
	"log"
	"net/http"
	"time"
)

type crawler struct{ slots chan struct{} }

func (c *crawler) fetch(page int) error {
	time.Sleep(time.Millisecond)
	if page%3 == 0 {
		return errors.New("not found")
	}
	return nil
}

func (c *crawler) crawl() {
	for page := range 100 {
		c.slots <- struct{}{} // @take
		if err := c.fetch(page); err != nil {
			log.Print(err)
			continue
		}
		<-c.slots
	}
}

func Main() {
	c := &crawler{make(chan struct{}, 3)}
	go c.crawl()
	http.ListenAndServe("127.0.0.1:0", nil)
}
