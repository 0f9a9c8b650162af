// Package httplimit does not close the bodies of its responses, and its transport allows few connections: a third request waits for ever.
package httplimit

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

type api struct {
	url string
	hc  *http.Client
}

func (a *api) ping() int {
	resp, err := a.hc.Get(a.url) // @get
	if err != nil {
		return 0
	}
	return resp.StatusCode
}

func Main() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, strings.Repeat("pong ", 3000))
	}))
	a := &api{srv.URL, &http.Client{Transport: &http.Transport{MaxConnsPerHost: 2}}}
	for range 4 {
		go a.ping()
		time.Sleep(20 * time.Millisecond)
	}
	select {}
}
