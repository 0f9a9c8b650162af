// Package pipebody sends a document by an io.Pipe, as the body of a request, and does not close the pipe: the request has no end.
package pipebody

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
)

func Main() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	pr, pw := io.Pipe()
	go json.NewEncoder(pw).Encode(map[string]int{"a": 1})
	http.Post("http://"+ln.Addr().String(), "application/json", pr) // @post
}
