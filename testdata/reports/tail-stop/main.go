// A file is followed no more, while a line of it waits to be taken.
package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hpcloud/tail"
)

func first(path string) (string, error) {
	t, err := tail.TailFile(path, tail.Config{Follow: true, Logger: tail.DiscardingLogger})
	if err != nil {
		return "", err
	}
	line := <-t.Lines
	time.Sleep(100 * time.Millisecond)
	return line.Text, t.Stop() // @stop
}

func main() {
	path := filepath.Join(os.TempDir(), "app.log")
	if err := os.WriteFile(path, []byte(strings.Repeat("line\n", 100)), 0o600); err != nil {
		panic(err)
	}
	go first(path)
	http.ListenAndServe("127.0.0.1:0", nil)
}
