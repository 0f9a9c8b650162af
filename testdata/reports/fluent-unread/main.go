// A logger writes to a collector that has stopped reading, and has a lock meanwhile: every request that logs waits for it.
package main

import (
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/fluent/fluent-logger-golang/fluent"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		time.Sleep(time.Hour) // the collector is busy with something else
	}()
	logger, err := fluent.New(fluent.Config{FluentHost: "127.0.0.1", FluentPort: l.Addr().(*net.TCPAddr).Port})
	if err != nil {
		panic(err)
	}
	message := map[string]string{"body": strings.Repeat("x", 100_000)}
	for range 3 {
		go func() {
			for {
				logger.Post("app", message) // @post
			}
		}()
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
