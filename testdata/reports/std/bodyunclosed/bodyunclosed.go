// On the error path the response's body is never closed.
package bodyunclosed

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

type client struct {
	base string
	hc   *http.Client
}

func (c *client) call(path string, v any) error {
	resp, err := c.hc.Get(c.base + path) // @get
	if err != nil {
		return err
	}
	if resp.StatusCode >= 400 {
		return fmt.Errorf("status %s", resp.Status)
	}
	defer resp.Body.Close()
	return json.NewDecoder(resp.Body).Decode(v)
}

func Main() {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusConflict)
		fmt.Fprint(w, strings.Repeat("conflict ", 3000))
	}))
	c := &client{srv.URL, &http.Client{Transport: &http.Transport{}}}
	for n := 0; ; n++ {
		if n < 20 {
			var v any
			c.call("/org", &v)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
