// Package heldfinalizer releases handles by their finalizers, which report to a channel that nobody reads any more. All finalizers of the program wait behind the
// first. A session waits for a channel that its own finalizer would close.
package heldfinalizer

import (
	"fmt"
	"net/http"
	"runtime"
	"time"
)

type handle struct {
	fd int
	_  [64]byte
}

type session struct {
	name string
	done chan struct{}
}

//go:noinline
func (s *session) wait() {
	<-s.done // @wait
	fmt.Println(s.name, "is over")
}

func Main() {
	released := make(chan int)
	for i := range 3 {
		runtime.SetFinalizer(&handle{fd: i}, func(h *handle) {
			released <- h.fd // @send
		})
	}
	s := &session{name: "session", done: make(chan struct{})}
	runtime.SetFinalizer(s, func(s *session) { close(s.done) })
	go s.wait()
	go func() {
		for range 3 {
			time.Sleep(20 * time.Millisecond)
			runtime.GC()
		}
	}()
	http.ListenAndServe("127.0.0.1:0", nil)
}
