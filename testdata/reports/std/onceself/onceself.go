// Package onceself has a logger that is made once, and whose making asks for the logger.
package onceself

import (
	"net/http"
	"sync"
	"time"
)

type logger struct{ file string }

var (
	once sync.Once
	std  *logger
)

func get() *logger {
	once.Do(setUp) // @do
	return std
}

func setUp() {
	std = &logger{}
	setFile("app.log")
}

func setFile(name string) { get().file = name }

func Main() {
	go get()
	time.Sleep(50 * time.Millisecond)
	for range 3 {
		go get()
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
