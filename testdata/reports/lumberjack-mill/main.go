// github.com/natefinch/lumberjack #205: a logger per tenant, opened and closed again.
package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"
)

func serveTenant(dir string, n int) {
	l := &lumberjack.Logger{Filename: filepath.Join(dir, fmt.Sprint("tenant", n, ".log")), MaxSize: 1, MaxAge: 1}
	defer l.Close()
	fmt.Fprintln(l, "hello") // @write
}

func main() {
	dir, _ := os.MkdirTemp("", "lj")
	go http.ListenAndServe("127.0.0.1:0", nil)
	for n := 0; ; n++ {
		if n < 50 {
			serveTenant(dir, n)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
