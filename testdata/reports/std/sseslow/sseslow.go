// A broadcaster that holds its lock while it writes to every subscriber's response; one browser has stopped reading.
package sseslow

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

type hub struct {
	mu   sync.Mutex
	subs map[http.ResponseWriter]bool
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock() // @sub
	h.subs[w] = true
	h.mu.Unlock()
	<-r.Context().Done()
	h.mu.Lock()
	delete(h.subs, w)
	h.mu.Unlock()
}

func (h *hub) broadcast(s string) {
	h.mu.Lock() // @lock
	defer h.mu.Unlock()
	for w := range h.subs {
		fmt.Fprintf(w, "data: %s\n\n", s) // @write
		w.(http.Flusher).Flush()          // @flush
	}
}

func Main() {
	h := &hub{subs: map[http.ResponseWriter]bool{}}
	srv := httptest.NewServer(h)
	ask := func() net.Conn {
		c, err := net.Dial("tcp", srv.Listener.Addr().String())
		if err != nil {
			panic(err)
		}
		fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n") // and never reads
		return c
	}
	clients := []net.Conn{ask()}
	time.Sleep(100 * time.Millisecond)
	go func() {
		for {
			h.broadcast(strings.Repeat("x", 30000))
		}
	}()
	time.Sleep(time.Second)
	for range 3 {
		clients = append(clients, ask())
	}
	for range time.Tick(time.Second) {
	}
	for _, c := range clients {
		c.Close()
	}
}
