package main

import "time"

var gTimer *time.Timer

// startTimers waits for timers.
//
//go:noinline
func startTimers() {
	t := time.NewTimer(time.Hour)
	go func() {
		<-t.C // timer
	}()
	go func() {
		<-time.After(time.Hour) // timer
	}()
	tick := time.NewTicker(time.Hour)
	go func() {
		<-tick.C // timer
	}()
	go func() {
		for range time.Tick(time.Hour) { // timer
		}
	}()
	stopped := time.NewTimer(time.Hour)
	stopped.Stop()
	go func() {
		<-stopped.C // leak since go1.23: stopped
	}()
	gTimer = time.NewTimer(time.Hour)
	gTimer.Stop()
	go func() {
		<-gTimer.C // global gTimer: somebody may reset it
	}()
	called := make(chan int)
	time.AfterFunc(time.Hour, func() { close(called) })
	go func() {
		<-called // timer: its function
	}()
	off := make(chan int)
	time.AfterFunc(time.Hour, func() { close(off) }).Stop()
	go func() {
		<-off // leak since go1.23: a function that never runs
	}()
	either := make(chan int)
	go func() {
		select { // timer
		case <-either:
		case <-time.After(time.Hour):
		}
	}()
	go func() {
		time.Sleep(time.Hour) // timer
	}()
}
