// Package publock has a publisher that sends to its subscribers under its lock; a subscriber that gives up wants that lock to be taken off the list.
package publock

import (
	"net/http"
	"sync"
	"time"
)

type publisher struct {
	mu   sync.Mutex
	subs map[int]chan string
}

func (p *publisher) subscribe(id int) chan string {
	p.mu.Lock()
	defer p.mu.Unlock()
	ch := make(chan string, 4)
	p.subs[id] = ch
	return ch
}

func (p *publisher) unsubscribe(id int) {
	p.mu.Lock() // @unsubscribe
	defer p.mu.Unlock()
	delete(p.subs, id)
}

func (p *publisher) publish(s string) {
	p.mu.Lock() // @publish
	defer p.mu.Unlock()
	for _, ch := range p.subs {
		ch <- s // @send
	}
}

func (p *publisher) follow(id int) {
	ch := p.subscribe(id)
	for range 10 {
		<-ch
	}
	for len(ch) < cap(ch) { // an error of the connection
		time.Sleep(100 * time.Millisecond)
	}
	time.Sleep(time.Second)
	p.unsubscribe(id)
}

func Main() {
	p := &publisher{subs: map[int]chan string{}}
	go p.follow(1)
	time.Sleep(50 * time.Millisecond)
	for range 3 {
		go func() {
			for {
				p.publish("tick")
				time.Sleep(time.Millisecond)
			}
		}()
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
