package main

import (
	"context"
	"errors"
	"sync"
	"time"
)

// poolIdle is a pool whose jobs come every seven seconds: its workers wait for work, which is what they are for.
func poolIdle(ctx context.Context) error {
	jobs := make(chan int)
	wait := start(8, func(int) {
		for range jobs {
			time.Sleep(time.Millisecond)
		}
	})
	jobs <- 0
	every(ctx, 7*time.Second, func() { jobs <- 1 })
	close(jobs)
	wait()
	return nil
}

// poolLoad is a pool whose producer is faster than it: the producer waits, but never for long.
func poolLoad(ctx context.Context) error {
	jobs, results := make(chan int, 4), make(chan int)
	wait := start(4, func(int) {
		for j := range jobs {
			time.Sleep(5 * time.Millisecond)
			results <- j
		}
	})
	done := make(chan int)
	go func() {
		sum := 0
		for r := range results {
			sum += r
		}
		done <- sum
	}()
	for ctx.Err() == nil {
		jobs <- 1
	}
	close(jobs)
	wait()
	close(results)
	<-done
	return nil
}

// pipeline has three stages and a source that pauses for three seconds now and then.
func pipeline(ctx context.Context) error {
	stage := func(in <-chan int) <-chan int {
		out := make(chan int)
		go func() {
			defer close(out)
			for v := range in {
				out <- v + 1
			}
		}()
		return out
	}
	source := make(chan int)
	sink := stage(stage(stage(source)))
	wait := start(1, func(int) {
		for range sink {
		}
	})
	every(ctx, 3*time.Second, func() {
		for i := 0; i < 100; i++ {
			source <- i
		}
	})
	close(source)
	wait()
	return nil
}

// fanIn merges sources of different speeds.
func fanIn(ctx context.Context) error {
	merged := make(chan int)
	wait := start(5, func(i int) {
		every(ctx, time.Duration(i*i+1)*200*time.Millisecond, func() {
			select {
			case merged <- i:
			case <-ctx.Done():
			}
		})
	})
	go func() { wait(); close(merged) }()
	for range merged {
	}
	return nil
}

// pubSub has subscribers of topics of which some are silent for long.
func pubSub(ctx context.Context) error {
	var mu sync.RWMutex
	topics := map[string][]chan string{}
	wait := start(10, func(i int) {
		ch := make(chan string, 16)
		mu.Lock()
		name := []string{"busy", "quiet"}[i%2]
		topics[name] = append(topics[name], ch)
		mu.Unlock()
		for {
			select {
			case <-ch:
			case <-ctx.Done():
				return
			}
		}
	})
	publish := func(topic string) {
		mu.RLock()
		defer mu.RUnlock()
		for _, ch := range topics[topic] {
			select {
			case ch <- topic:
			default: // a slow subscriber loses the message
			}
		}
	}
	n := 0
	every(ctx, 100*time.Millisecond, func() {
		publish("busy")
		if n++; n%200 == 0 {
			publish("quiet")
		}
	})
	wait()
	return nil
}

// semaphore bounds short jobs by a buffered channel.
func semaphore(ctx context.Context) error {
	slots := make(chan struct{}, 3)
	start(20, func(int) {
		for ctx.Err() == nil {
			slots <- struct{}{}
			time.Sleep(10 * time.Millisecond)
			<-slots
		}
	})()
	return nil
}

// connPool lends connections by a channel: those who wait for one get it.
func connPool(ctx context.Context) error {
	type conn struct{ uses int }
	idle := make(chan *conn, 2)
	idle <- &conn{}
	idle <- &conn{}
	start(6, func(i int) {
		every(ctx, time.Duration(200+i*50)*time.Millisecond, func() {
			select {
			case c := <-idle:
				c.uses++
				time.Sleep(20 * time.Millisecond)
				idle <- c
			case <-ctx.Done():
			}
		})
	})()
	return nil
}

// group is what errgroup does: tasks of several seconds, and one who waits for all.
func group(ctx context.Context) error {
	for ctx.Err() == nil {
		start(4, func(i int) {
			select {
			case <-time.After(time.Duration(i+1) * 1500 * time.Millisecond):
			case <-ctx.Done():
			}
		})()
	}
	return nil
}

// errorsCancel starts tasks of which one fails and ends the others.
func errorsCancel(ctx context.Context) error {
	for ctx.Err() == nil {
		task, cancel := context.WithCancelCause(ctx)
		start(4, func(i int) {
			if i == 0 {
				select {
				case <-time.After(5 * time.Second):
				case <-task.Done():
				}
				cancel(errors.New("the first task failed"))
				return
			}
			<-task.Done()
		})()
		cancel(nil)
	}
	return nil
}
