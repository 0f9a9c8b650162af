// Package httpheld asks for the details of each entry while it still reads the list, by the same client, which has few connections.
package httpheld

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
)

type api struct {
	url string
	hc  *http.Client
}

func (a *api) detail(name string) (string, error) {
	resp, err := a.hc.Get(a.url + "/" + name) // @inner
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return string(text), err
}

func (a *api) list() error {
	resp, err := a.hc.Get(a.url) // @outer
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for in := bufio.NewScanner(resp.Body); in.Scan(); {
		if _, err := a.detail(in.Text()); err != nil {
			return err
		}
	}
	return nil
}

func Main() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, strings.Repeat("entry\n", 50000))
	}))
	a := &api{srv.URL, &http.Client{Transport: &http.Transport{MaxConnsPerHost: 2}}}
	for range 3 {
		go a.list()
	}
	select {}
}
