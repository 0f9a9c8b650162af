// Timeout wraps a computation in a timeout, which does not help: the caller gets its error in time, and the computation, which
// never looks at the context, runs on for ever, one processor for each call.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"
)

// collatz counts the steps down to 1. The bug: 0 never gets there.
func collatz(n uint) (steps int) {
	for n != 1 {
		if n%2 == 0 {
			n /= 2
		} else {
			n = 3*n + 1
		}
		steps++
	}
	return steps
}

// slots limits how many computations run at a time.
var slots = make(chan struct{}, 2)

func stepsWithin(ctx context.Context, n uint) (int, error) {
	result := make(chan int, 1)
	go func() {
		slots <- struct{}{}
		defer func() { <-slots }()
		result <- collatz(n)
	}()
	select {
	case steps := <-result:
		return steps, nil
	case <-ctx.Done():
		return 0, fmt.Errorf("steps of %d: %w", n, ctx.Err())
	}
}

func main() {
	for _, n := range []uint{27, 0} {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		fmt.Println(stepsWithin(ctx, n))
		cancel()
	}
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	<-interrupt
}
