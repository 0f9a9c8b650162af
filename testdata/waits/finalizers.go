package main

import (
	"runtime"
	"sync/atomic"
)

type outer struct{ in *inner }

type inner struct {
	ch  chan int
	pad [4]int
}

//go:noinline
func startFinalizers() {
	o := &outer{&inner{ch: make(chan int)}}
	runtime.SetFinalizer(o, func(o *outer) { close(o.in.ch) })
	in := o.in
	go func() {
		<-in.ch // leak: the finalizer gets the object, and another one blocks all (see startQueued)
	}()
	ch := make(chan int)
	p := &inner{}
	runtime.SetFinalizer(p, func(*inner) { close(ch) })
	go func() {
		<-ch // leak: its closure has it, and does not run either
	}()
	kept := &outer{&inner{ch: make(chan int)}}
	runtime.SetFinalizer(kept, func(o *outer) { close(o.in.ch) })
	keep = append(keep, kept)
	go func(in *inner) {
		<-in.ch // live: the object of the finalizer is in use
	}(kept.in)
	cleared := &outer{&inner{ch: make(chan int)}}
	runtime.SetFinalizer(cleared, func(o *outer) { close(o.in.ch) })
	runtime.SetFinalizer(cleared, nil)
	go func(in *inner) {
		<-in.ch // leak: the finalizer was taken back
	}(cleared.in)
	startPinned()
}

// startPinned waits on a channel in an object that is pinned, as if C had its address.
//
//go:noinline
func startPinned() {
	o := &inner{ch: make(chan int)}
	p := new(runtime.Pinner)
	p.Pin(o)
	keepPinner = p
	go func() {
		<-o.ch // live: pinned
	}()
	in := &inner{ch: make(chan int)}
	q := new(runtime.Pinner)
	q.Pin(in)
	q.Unpin()
	go func() {
		<-in.ch // leak: no longer pinned
	}()
}

var keepPinner *runtime.Pinner

// startQueued has a finalizer that has been queued, and not run: the goroutine of finalizers is in another that blocks.
func startQueued() {
	blockFinalizers()
	runtime.GC()
	for !finalizersBlock.Load() {
		runtime.Gosched()
	}
	queueFinalizer()
	runtime.GC()
	runtime.GC()
}

var finalizersBlock atomic.Bool

//go:noinline
func blockFinalizers() {
	ch := make(chan int)
	runtime.SetFinalizer(&inner{ch: ch}, func(o *inner) {
		finalizersBlock.Store(true)
		<-o.ch // any: no finalizer will run again; the queue has its object
	})
}

//go:noinline
func queueFinalizer() {
	o := &outer{&inner{ch: make(chan int)}}
	runtime.SetFinalizer(o, func(o *outer) { close(o.in.ch) })
	in := o.in
	go func() {
		<-in.ch // leak: queued, behind one that blocks
	}()
}
