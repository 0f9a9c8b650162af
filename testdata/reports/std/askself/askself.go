// Package askself has a loop that owns a map, and a request whose answer needs two others: the loop sends them to itself.
package askself

import "net/http"

type request struct {
	key   string
	reply chan string
}

type store struct{ requests chan request }

func (s *store) ask(key string) string {
	r := request{key, make(chan string)}
	s.requests <- r // @send
	return <-r.reply
}

func (s *store) loop() {
	for r := range s.requests { // @receive
		if r.key == "all" {
			r.reply <- s.ask("a") + s.ask("b")
		} else {
			r.reply <- r.key
		}
	}
}

func Main() {
	s := &store{make(chan request)}
	go s.loop()
	go func() { s.ask("a"); s.ask("all") }()
	http.ListenAndServe("127.0.0.1:0", nil)
}
