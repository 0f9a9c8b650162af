// Package shutdownowed shuts a server down, and tells its handlers only afterwards to end.
package shutdownowed

import (
	"context"
	"net"
	"net/http"
	"time"
)

func Main() {
	stop := make(chan struct{})
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		<-stop // @handler
	})}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go srv.Serve(ln)
	client := &http.Client{Timeout: 10 * time.Minute}
	if _, err := client.Get("http://" + ln.Addr().String()); err != nil {
		panic(err)
	}
	go func() {
		srv.Shutdown(context.Background()) // @shutdown
		close(stop)
	}()
	select {}
}
