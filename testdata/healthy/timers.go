package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"sync"
	"syscall"
	"time"
)

// rateLimit takes a token for each request.
func rateLimit(ctx context.Context) error {
	tokens := make(chan struct{}, 5)
	wait := start(1, func(int) {
		every(ctx, 20*time.Millisecond, func() {
			select {
			case tokens <- struct{}{}:
			default:
			}
		})
	})
	start(10, func(int) {
		for {
			select {
			case <-tokens:
			case <-ctx.Done():
				return
			}
		}
	})()
	wait()
	return nil
}

// ticker has heartbeats of several rhythms, the slowest once a minute.
func ticker(ctx context.Context) error {
	start(4, func(i int) {
		every(ctx, []time.Duration{50 * time.Millisecond, time.Second, 10 * time.Second, time.Minute}[i], func() {})
	})()
	return nil
}

// contexts is a tree of contexts whose leaves wait for their deadlines and for the root.
func contexts(ctx context.Context) error {
	for ctx.Err() == nil {
		start(3, func(i int) {
			branch, cancel := context.WithTimeout(ctx, time.Duration(i+1)*2*time.Second)
			defer cancel()
			start(3, func(int) { <-branch.Done() })()
		})()
	}
	return nil
}

// signals is a daemon: main waits for a signal while its work goes on.
func signals(ctx context.Context) error {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(caught)
	done := make(chan bool)
	go func() {
		select {
		case <-caught:
		case <-ctx.Done():
		}
		done <- true
	}()
	go every(ctx, time.Second, func() {})
	<-done
	return nil
}

// debounce puts off what it does with a timer.
func debounce(ctx context.Context) error {
	fired := make(chan struct{}, 1)
	timer := time.AfterFunc(time.Hour, func() { fired <- struct{}{} })
	defer timer.Stop()
	go every(ctx, 3*time.Second, func() { timer.Reset(500 * time.Millisecond) })
	for {
		select {
		case <-fired:
		case <-ctx.Done():
			return nil
		}
	}
}

// ioPipe reads a stream whose writer is slow.
func ioPipe(ctx context.Context) error {
	r, w := io.Pipe()
	wait := start(1, func(int) { io.Copy(io.Discard, r) })
	every(ctx, 5*time.Second, func() { io.WriteString(w, "tick\n") })
	w.Close()
	wait()
	return nil
}

// supervisor waits for a child that is to run for ever, and reads what it prints, which is nothing.
func supervisor(ctx context.Context) error {
	child := exec.CommandContext(ctx, "sleep", "3600")
	out, err := child.StdoutPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return err
	}
	io.Copy(io.Discard, out)
	child.Wait() // killed by ctx
	return nil
}

// queue is a queue with a condition variable, fed every few seconds.
func queue(ctx context.Context) error {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	var items []int
	closed := false
	wait := start(3, func(int) {
		mu.Lock()
		defer mu.Unlock()
		for {
			for len(items) == 0 && !closed {
				cond.Wait()
			}
			if closed {
				return
			}
			items = items[1:]
		}
	})
	every(ctx, 4*time.Second, func() {
		mu.Lock()
		items = append(items, 1, 2)
		mu.Unlock()
		cond.Broadcast()
	})
	mu.Lock()
	closed = true
	mu.Unlock()
	cond.Broadcast()
	wait()
	return nil
}

// cache is read by many and refreshed by one.
func cache(ctx context.Context) error {
	var mu sync.RWMutex
	values := map[int]int{}
	go every(ctx, 500*time.Millisecond, func() {
		mu.Lock()
		defer mu.Unlock()
		values[len(values)] = 1
	})
	start(8, func(i int) {
		every(ctx, time.Duration(i+1)*time.Millisecond, func() {
			mu.RLock()
			defer mu.RUnlock()
			_ = values[i]
		})
	})()
	return nil
}

// singleFlight makes callers wait for the one that works.
func singleFlight(ctx context.Context) error {
	var mu sync.Mutex
	var flight *sync.WaitGroup
	do := func() {
		mu.Lock()
		if wg := flight; wg != nil {
			mu.Unlock()
			wg.Wait()
			return
		}
		wg := new(sync.WaitGroup)
		wg.Add(1)
		flight = wg
		mu.Unlock()
		time.Sleep(300 * time.Millisecond)
		mu.Lock()
		flight = nil
		mu.Unlock()
		wg.Done()
	}
	start(6, func(int) { every(ctx, 50*time.Millisecond, do) })()
	return nil
}

// leaderStandby has one leader at a time; the others stand by for their turn, which comes every second.
func leaderStandby(ctx context.Context) error {
	var leader sync.Mutex
	start(2, func(int) {
		for ctx.Err() == nil {
			leader.Lock()
			select {
			case <-time.After(500 * time.Millisecond):
			case <-ctx.Done():
			}
			leader.Unlock()
			time.Sleep(10 * time.Millisecond)
		}
	})()
	return nil
}
