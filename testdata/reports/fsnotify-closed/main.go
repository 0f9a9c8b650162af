// The loop of a watcher's events goes on when the watcher is closed: both of its channels are.
package main

import (
	"net/http"
	"os"
	"time"

	"github.com/fsnotify/fsnotify"
)

func main() {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		panic(err)
	}
	if err := w.Add(os.TempDir()); err != nil {
		panic(err)
	}
	go func() {
		for {
			select { // @select
			case e := <-w.Events:
				_ = e
			case err := <-w.Errors:
				_ = err
			}
		}
	}()
	time.Sleep(100 * time.Millisecond)
	w.Close()
	http.ListenAndServe("127.0.0.1:0", nil)
}
