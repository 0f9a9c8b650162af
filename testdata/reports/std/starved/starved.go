// Package starved computes in a loop that the runtime cannot interrupt, on the only processor: before Go 1.14, and with asyncpreemptoff, any loop without a call is one.
package starved

import (
	"os"
	"runtime"
	"syscall"
)

func spin(n *uint64) {
	for {
		*n++ // @spin
	}
}

func serve(requests chan int, answers chan int) {
	for r := range requests { // @serve
		answers <- r + 1
	}
}

func Main() {
	if os.Getenv("GODEBUG") == "" {
		exe, err := os.Executable()
		if err != nil {
			panic(err)
		}
		panic(syscall.Exec(exe, os.Args, append(os.Environ(), "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1")))
	}
	requests, answers := make(chan int), make(chan int)
	go serve(requests, answers)
	runtime.Gosched()
	requests <- 1 // serve can go on, and main waits for its answer
	go spin(new(uint64))
	<-answers // @answer
	requests <- 2
	<-answers
}
