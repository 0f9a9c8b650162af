package main

import (
	. "io"
	"strings"
	. "sync"
	. "time"
)

func init() {
	add("dot", dots)
}

type dotted struct {
	Mutex
	rw RWMutex
	wg WaitGroup
}

func dots() {
	var d dotted
	d.Lock()
	d.Unlock()
	d.rw.RLock()
	defer d.rw.RUnlock()
	var mu Mutex
	mu.Lock()
	defer mu.Unlock()
	d.wg.Add(1)
	go d.wg.Done()
	d.wg.Wait()
	Sleep(Microsecond)
	defer Sleep(1)
	var l Locker = NewCond(&d.Mutex).L
	l.Lock()
	l.Unlock()
	data, err := ReadAll(strings.NewReader("dot"))
	say(string(data), err)
	say(Copy(Discard, strings.NewReader("dot")))
	<-After(1)
	new(Once).Do(f0)
	(*Mutex).Lock(&d.Mutex)
	f := d.Unlock
	f()
}
