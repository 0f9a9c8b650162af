package main

import (
	network "net"
	clock "time"
	// These names belong to other packages of the standard library.
	debug "io"
	sync "strings"
	io "sync"
)

func init() {
	add("renamed", renames)
}

type renamed struct {
	io.Mutex
	once io.Once
}

func renames() {
	var mu io.Mutex
	mu.Lock()
	defer mu.Unlock()
	r := &renamed{}
	r.Lock()
	r.Unlock()
	r.once.Do(f0)
	var wg io.WaitGroup
	wg.Wait()
	clock.Sleep(1)
	data, err := debug.ReadAll(sync.NewReader("renamed"))
	say(string(data), err)
	a, z := network.Pipe()
	go a.Write([]byte("x"))
	p := make([]byte, 1)
	k, err := z.Read(p)
	say(k, err)
	var l io.Locker = &mu
	_ = l.Unlock
	ch := make(chan debug.Reader, 1)
	ch <- sync.NewReader("x")
	say(debug.ReadAll(<-ch))
}
