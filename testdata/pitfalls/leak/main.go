// Leak asks two mirrors and takes the answer that comes first: nobody is left to take the other one.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"time"
)

// ask takes its time.
func ask(mirror string, d time.Duration) string {
	time.Sleep(d)
	return "page from " + mirror
}

// fetch returns the first answer.
func fetch() string {
	answers := make(chan string)
	for i, mirror := range []string{"a", "b"} {
		go func() {
			answers <- ask(mirror, time.Duration(i+1)*20*time.Millisecond)
		}()
	}
	return <-answers
}

func main() {
	done := make(chan bool)
	go func() {
		fmt.Println(fetch())
		close(done)
	}()
	<-done

	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	<-interrupt
}
