// Busy has a worker that never comes back from a computation: it splits a line at commas, and does not step over them.
// It waits for nothing, so a goroutine dump shows it running like any other. The queue behind it grows.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/signal"
)

// fields splits a line at its commas. The bug: what is left begins with the comma that was just found.
func fields(line []byte) (list [][]byte) {
	for len(line) > 0 {
		i := bytes.IndexByte(line, ',')
		if i < 0 {
			i = len(line)
		}
		if i > 0 {
			list = append(list, line[:i])
		}
		line = line[i:]
	}
	return list
}

func work(lines <-chan string, parsed chan<- int) {
	for line := range lines {
		parsed <- len(fields([]byte(line)))
	}
}

func main() {
	lines, parsed := make(chan string), make(chan int)
	go work(lines, parsed)
	lines <- "single"
	fmt.Println("fields:", <-parsed)
	lines <- "first,second"
	go func() { fmt.Println("fields:", <-parsed) }()

	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	<-interrupt
}
