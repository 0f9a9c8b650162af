// Package transportper makes an http.Transport for every request: its connections are kept, and nobody uses them again.
package transportper

import (
	"io"
	"net/http"
	"net/http/httptest"
	"time"
)

func put(url string) error {
	c := http.Client{Transport: &http.Transport{}, Timeout: 10 * time.Minute}
	resp, err := c.Get(url) // @get
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func Main() {
	srv := httptest.NewServer(http.NotFoundHandler())
	for {
		put(srv.URL)
		time.Sleep(20 * time.Millisecond)
	}
}
