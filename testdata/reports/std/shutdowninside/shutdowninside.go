// Package shutdowninside shuts a server down in a handler of that server.
package shutdowninside

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"
)

func Main() {
	mux := http.NewServeMux()
	srv := &http.Server{Handler: mux}
	mux.HandleFunc("/quit", func(w http.ResponseWriter, r *http.Request) {
		srv.Shutdown(context.Background()) // @shutdown
		fmt.Fprintln(w, "bye")
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go srv.Serve(ln)
	client := &http.Client{Timeout: 10 * time.Minute}
	client.Get("http://" + ln.Addr().String() + "/quit")
	select {}
}
