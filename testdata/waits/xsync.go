package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"
)

func init() { starters = append(starters, startGroups, startSemaphores, startFlights) }

var (
	gWeighted = semaphore.NewWeighted(1)
	gFlight   singleflight.Group
)

// startGroups waits for errgroups.
//
//go:noinline
func startGroups() {
	group, ctx := errgroup.WithContext(context.Background())
	group.Go(func() error {
		<-ctx.Done() // leak: nobody of the group fails
		return nil
	})
	go func() {
		group.Wait() // leak: for a leak
	}()
	var limited errgroup.Group
	limited.SetLimit(1)
	never := make(chan int)
	limited.Go(func() error {
		<-never // leak
		return nil
	})
	go func() {
		limited.Go(func() error { return nil }) // leak: at the limit
	}()
	var slow errgroup.Group
	slow.Go(func() error {
		time.Sleep(time.Hour) // timer
		return nil
	})
	go func() {
		slow.Wait() // goroutine
	}()
}

// startSemaphores waits for semaphores.
//
//go:noinline
func startSemaphores() {
	s := semaphore.NewWeighted(1)
	s.TryAcquire(1)
	go func() {
		s.Acquire(context.Background(), 1) // leak
	}()
	timed := semaphore.NewWeighted(1)
	timed.TryAcquire(1)
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	_ = cancel
	go func() {
		timed.Acquire(ctx, 1) // timer
	}()
	gWeighted.TryAcquire(1)
	go func() {
		gWeighted.Acquire(context.Background(), 1) // global gWeighted
	}()
}

// startFlights waits for somebody else's call.
//
//go:noinline
func startFlights() {
	var g singleflight.Group
	ch := make(chan int)
	go g.Do("key", func() (any, error) {
		return <-ch, nil // leak: in the call
	})
	time.Sleep(20 * time.Millisecond)
	go func() {
		g.Do("key", nil) // leak: for that call
	}()
	global := make(chan int)
	go gFlight.Do("key", func() (any, error) {
		return <-global, nil // leak: in a call of a global
	})
	time.Sleep(20 * time.Millisecond)
	go func() {
		gFlight.Do("key", nil) // global gFlight: for the call of a global
	}()
}
