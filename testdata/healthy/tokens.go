package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	weight "golang.org/x/sync/semaphore"
)

// weighted has 60 goroutines that share a semaphore of 4 for 0.1 seconds each, some of which take two tokens at once.
func weighted(ctx context.Context) error {
	tokens := weight.NewWeighted(4)
	start(60, func(i int) {
		n := int64(1 + i%2)
		for ctx.Err() == nil {
			if tokens.Acquire(context.Background(), n) == nil {
				time.Sleep(100 * time.Millisecond)
				tokens.Release(n)
			}
		}
	})()
	return nil
}

// limited has goroutines that all add to one group, which runs 4 of a tenth of a second at a time.
func limited(ctx context.Context) error {
	var group errgroup.Group
	group.SetLimit(4)
	start(60, func(int) {
		for ctx.Err() == nil {
			group.Go(func() error {
				time.Sleep(100 * time.Millisecond)
				return nil
			})
		}
	})()
	return group.Wait()
}

// A job is done when its channel is closed.
type job struct{ done chan struct{} }

// busyWorkers are four that have fifteen times as much to do: who has given them a job waits for it, and its parts are jobs of other workers.
func busyWorkers(ctx context.Context) error {
	jobs, parts := make(chan job, 8), make(chan job)
	workers := start(4, func(int) {
		for j := range jobs {
			part := job{make(chan struct{})}
			parts <- part
			<-part.done
			close(j.done)
		}
	})
	helpers := start(2, func(int) {
		for p := range parts {
			time.Sleep(20 * time.Millisecond)
			close(p.done)
		}
	})
	start(120, func(int) {
		for ctx.Err() == nil {
			j := job{make(chan struct{})}
			jobs <- j
			<-j.done
		}
	})()
	close(jobs)
	workers()
	close(parts)
	helpers()
	return nil
}

// fileLock has goroutines that lock a file for 0.3 seconds each, one after the other, under a mutex of their own.
func fileLock(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "healthy")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	start(5, func(int) {
		var mu sync.Mutex
		for ctx.Err() == nil {
			mu.Lock()
			locked(filepath.Join(dir, "lock"), func() { time.Sleep(300 * time.Millisecond) })
			mu.Unlock()
		}
	})()
	return nil
}

// slowC has goroutines that are in a C function for 0.3 seconds at a time, and others that wait for the lock that they hold meanwhile.
func slowC(ctx context.Context) error {
	var mu sync.Mutex
	start(4, func(i int) {
		for ctx.Err() == nil {
			if i%2 == 0 {
				mu.Lock()
			}
			pauseInC(300 * time.Millisecond)
			if i%2 == 0 {
				mu.Unlock()
			}
		}
	})()
	return nil
}

// leases has goroutines that lead one after the other, each until its term is over. Who leads waits for that.
func leases(ctx context.Context) error {
	end, _ := ctx.Deadline()
	lease := make(chan struct{}, 1)
	start(3, func(i int) {
		for time.Until(end) > 200*time.Millisecond {
			lease <- struct{}{}
			until := time.Now().Add(time.Duration(4+i) * time.Second)
			if last := end.Add(-200 * time.Millisecond); until.After(last) {
				until = last
			}
			term, resign := context.WithDeadline(context.Background(), until)
			<-term.Done()
			resign()
			<-lease
		}
	})()
	return nil
}
