// Clock has a goroutine that does nothing but look at the clock, which most of the time is in the kernel's code.
package main

import (
	"fmt"
	"time"
)

func main() {
	go look(time.Now())
	fmt.Println("{}")
	select {}
}

//go:noinline
func look(start time.Time) {
	for time.Since(start) < time.Hour {
	}
}
