//go:build go1.24

package main

import (
	"runtime"
	"weak"
)

func init() {
	starters = append(starters, startWeak)
	late = append(late, startCleanups)
}

var (
	byWeak    weak.Pointer[inner]
	weakCache = map[string]weak.Pointer[inner]{}
	deadWeak  weak.Pointer[inner]
)

// startWeak waits on channels in objects that weak pointers point to: whoever asks them gets the object.
//
//go:noinline
func startWeak() {
	o := &inner{ch: make(chan int)}
	byWeak = weak.Make(o)
	go o.wait()
	in := &inner{ch: make(chan int)}
	weakCache["x"] = weak.Make(in)
	go in.wait()
	local := &inner{ch: make(chan int)}
	w := weak.Make(local)
	go func() {
		<-local.ch // any: nobody has the weak pointer any more
		runtime.KeepAlive(local)
	}()
	_ = w
}

func (o *inner) wait() {
	<-o.ch // live: a weak pointer
	runtime.KeepAlive(o)
}

// startCleanups waits on channels that cleanups have.
//
//go:noinline
func startCleanups() {
	ch := make(chan int)
	runtime.AddCleanup(&inner{}, func(ch chan int) { close(ch) }, ch)
	go func() {
		<-ch // cleanup: its argument
	}()
	closure := make(chan int)
	runtime.AddCleanup(&inner{}, func(int) { close(closure) }, 1)
	go func() {
		<-closure // cleanup: its closure
	}()
	own := &inner{ch: make(chan int)}
	runtime.AddCleanup(own, func(int) {}, 1)
	go func() {
		<-own.ch // leak: a cleanup does not get the object
		runtime.KeepAlive(own)
	}()
	off := make(chan int)
	runtime.AddCleanup(&inner{}, func(ch chan int) { close(ch) }, off).Stop()
	go func() {
		<-off // leak: stopped
	}()
}
