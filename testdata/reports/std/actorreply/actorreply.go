// A channel of requests with reply channels, as in prometheus and docker's event loops: the loop asks another actor, which asks the loop. Selects with a stop channel everywhere.
package actorreply

import (
	"net/http"
	"time"
)

type request struct {
	key   string
	reply chan int
}

type actor struct {
	in   chan request
	stop chan struct{}
}

func newActor() *actor { return &actor{make(chan request), make(chan struct{})} }

func (a *actor) ask(key string) int {
	r := request{key, make(chan int)}
	select { // @ask
	case a.in <- r:
	case <-a.stop:
		return 0
	}
	select {
	case n := <-r.reply:
		return n
	case <-a.stop:
		return 0
	}
}

func (a *actor) run(handle func(string) int) {
	for {
		select {
		case r := <-a.in:
			r.reply <- handle(r.key)
		case <-a.stop:
			return
		}
	}
}

func Main() {
	targets, rules := newActor(), newActor()
	go targets.run(func(k string) int {
		time.Sleep(time.Millisecond)
		if k == "reload" {
			return rules.ask("affected") // rules asks targets at that moment
		}
		return 1
	})
	go rules.run(func(k string) int {
		time.Sleep(20 * time.Millisecond)
		if k == "eval" {
			return targets.ask("list")
		}
		return 2
	})
	go func() { // evaluation, all the time
		for {
			rules.ask("eval")
		}
	}()
	time.Sleep(200 * time.Millisecond)
	go func() { // a reload comes in
		for {
			targets.ask("reload")
			time.Sleep(3 * time.Millisecond)
		}
	}()
	time.Sleep(500 * time.Millisecond)
	for i := 0; i < 3; i++ {
		go targets.ask("list")
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
