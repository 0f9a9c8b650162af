// Family runs itself as its own child, and waits for it. Both have goroutines of the same numbers.
package main

import (
	"os"
	"os/exec"
)

func child(news chan string) {
	go func() { news <- "from the child" }()
	play()
	<-news
}

// play is where a debugger stops.
func play() {}

func parent() {
	var done chan bool
	go func() { done <- true }()
	exe, err := os.Executable()
	if err != nil {
		panic(err)
	}
	if err := exec.Command(exe, "child").Run(); err != nil {
		panic(err)
	}
}

func main() {
	if len(os.Args) > 1 {
		child(make(chan string))
	} else {
		parent()
	}
}
