// Package httpstreams watches several things by responses that do not end, over a client with few connections: a request besides waits for ever.
package httpstreams

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"sync"
)

type api struct {
	url      string
	hc       *http.Client
	watching sync.WaitGroup
}

func (a *api) watch(what string) {
	resp, err := a.hc.Get(a.url + "/watch/" + what) // @watch
	if err != nil {
		return
	}
	defer resp.Body.Close()
	a.watching.Done()
	a.watching.Wait()                                         // for whoever had not begun would wait alone
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); { // @read
		a.list(lines.Text())
	}
}

func (a *api) list(what string) {
	resp, err := a.hc.Get(a.url + "/list/" + what) // @list
	if err == nil {
		resp.Body.Close()
	}
}

func Main() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte("changed\n"))
		w.(http.Flusher).Flush()
		if r.URL.Path[:7] == "/watch/" {
			<-r.Context().Done()
		}
	}))
	a := &api{url: srv.URL, hc: &http.Client{Transport: &http.Transport{MaxConnsPerHost: 2}}}
	a.watching.Add(2)
	go a.watch("pods")
	go a.watch("nodes")
	select {}
}
