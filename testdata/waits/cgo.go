//go:build cgo

package main

/*
#include <stdint.h>
#include <pthread.h>
#include <unistd.h>

static void *sleeps(void *p) { sleep(3600); return p; }
static void thread(void) { pthread_t t; pthread_create(&t, 0, sleeps, 0); }
static void nap(void) { sleep(3600); }
*/
import "C"

import "runtime/cgo"

func init() { starters = append(starters, startCgo) }

var numbers []C.uintptr_t

// startCgo waits for what C may have: handles, and goroutines in C.
//
//go:noinline
func startCgo() {
	C.thread()
	ch := make(chan int)
	numbers = append(numbers, C.uintptr_t(cgo.NewHandle(ch)))
	go func() {
		<-ch // global: cgo's map of handles
	}()
	deleted := make(chan int)
	cgo.NewHandle(deleted).Delete()
	go func() {
		<-deleted // any: sync.Map forgets it later
	}()
	inC := make(chan int)
	go func() {
		C.nap() // io: in C
		close(inC)
	}()
	go func() {
		<-inC // goroutine: it is in C
	}()
}
