// Fullchannel has a queue that is large enough to hide for a while that its only consumer is stuck: in production until the day's peak.
// The producer is who waits; the consumer, and what it waits for, is the cause. With -chan-cap 1 it shows at once.
package main

import (
	"fmt"
	"os"
	"os/signal"
)

type event struct{ id int }

// store writes events away, and waits for the confirmation of each.
func store(events <-chan event, confirm <-chan bool) {
	for e := range events {
		if !<-confirm {
			fmt.Println("lost", e.id)
		}
	}
}

// collect hands on every event that comes in.
func collect(events chan<- event) {
	for id := 0; ; id++ {
		events <- event{id}
	}
}

func main() {
	events := make(chan event, 1000)
	confirm := make(chan bool, 1)
	confirm <- true // the first one is confirmed, and then nobody does
	go store(events, confirm)
	go collect(events)

	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	<-interrupt
}
