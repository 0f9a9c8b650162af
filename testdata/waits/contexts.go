package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var (
	cancels  []context.CancelFunc
	serverBG context.Context
)

// startContexts waits for contexts of every kind.
//
//go:noinline
func startContexts() {
	ctx, cancel := context.WithCancel(context.Background())
	_ = cancel
	go func() {
		<-ctx.Done() // leak: never cancelled
	}()
	go func() {
		select { // leak: never cancelled
		case <-ctx.Done():
		case <-make(chan int):
		}
	}()
	kept, cancel := context.WithCancel(context.Background())
	cancels = append(cancels, cancel)
	go func() {
		<-kept.Done() // global cancels
	}()
	timed, cancel2 := context.WithTimeout(context.Background(), time.Hour)
	_ = cancel2
	go func() {
		<-timed.Done() // timer
	}()
	valued := context.WithValue(timed, session{}, "x")
	go func() {
		<-valued.Done() // timer: of the parent
	}()
	child, cancel3 := context.WithCancel(valued)
	_ = cancel3
	go func() {
		<-child.Done() // timer: of the grandparent
	}()
	dead, cancel4 := context.WithDeadline(child, time.Now().Add(2*time.Hour))
	_ = cancel4
	go func() {
		<-dead.Done() // timer
	}()
	bg, cancelBG := context.WithCancelCause(context.Background())
	_ = cancelBG
	serverBG = bg
	request, cancel5 := context.WithCancelCause(serverBG)
	_ = cancel5
	go func() {
		<-request.Done() // global serverBG
	}()
	go func() {
		<-context.WithoutCancel(serverBG).Done() // leak: nil
	}()
	go func() {
		<-context.TODO().Done() // leak: nil
	}()
	after := make(chan int)
	context.AfterFunc(serverBG, func() { close(after) })
	go func() {
		<-after // global serverBG: a function that runs after it
	}()
	never := make(chan int)
	context.AfterFunc(ctx, func() { close(never) })
	go func() {
		<-never // leak: a function that runs after what never ends
	}()
	own := &ownContext{Context: context.Background(), done: make(chan struct{})}
	ownChild, cancel6 := context.WithCancel(own)
	_ = cancel6
	go func() {
		<-ownChild.Done() // leak: the child of a type of the program's own
	}()
}

type ownContext struct {
	context.Context
	done chan struct{}
}

func (c *ownContext) Done() <-chan struct{} { return c.done }

// startSignals waits for signals.
//
//go:noinline
func startSignals() {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGUSR2)
	go func() {
		<-ch // global
	}()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGUSR1)
	_ = stop
	go func() {
		<-ctx.Done() // live: the goroutine of NotifyContext waits for the signal
	}()
	off := make(chan os.Signal, 1)
	signal.Notify(off, syscall.SIGUSR2)
	signal.Stop(off)
	go func() {
		<-off // leak since go1.24: stopped; before, package signal goes on to have it
	}()
}
