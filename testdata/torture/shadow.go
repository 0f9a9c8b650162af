package main

import (
	"awaittrace.test/torture/shadowed"
)

func init() {
	add("shadow", shadows)
}

type fakeMutex struct{ log []string }

func (f *fakeMutex) Lock()         { f.log = append(f.log, "Lock") }
func (f *fakeMutex) Unlock()       { f.log = append(f.log, "Unlock") }
func (f *fakeMutex) Sleep(int)     { f.log = append(f.log, "Sleep") }
func (f *fakeMutex) Wait()         { f.log = append(f.log, "Wait") }
func (f *fakeMutex) Do(fn func())  { fn() }
func (f *fakeMutex) Copy(a, b int) { f.log = append(f.log, "Copy") }
func (f *fakeMutex) ReadAll() (int, error) {
	return n(1), nil
}

func shadows() {
	ch := buf(1, 2, 3, 4, 5, 6)
	{
		make := func(v int) int { return v + 100 }
		close := func(v int) { say("own close", v) }
		len := func(chan int) string { return "own len" }
		say(make(1), len(ch), <-ch)
		close(2)
		ch <- make(3)
	}
	{
		sync, time, io := &fakeMutex{}, &fakeMutex{}, &fakeMutex{}
		sync.Lock()
		defer sync.Unlock()
		time.Sleep(1)
		io.Copy(1, 2)
		sync.Wait()
		sync.Do(func() { <-ch })
		say(io.ReadAll())
		say(sync.log, time.log, io.log)
	}
	{
		_at, debug := 1, "debug"
		_at += <-ch
		ch <- _at
		say(_at, debug, <-ch)
		func(_at chan int) {
			_at <- 1
			mu := new(fakeMutex)
			mu.Lock()
			select {
			case v := <-_at:
				say(v)
			}
			close(_at)
			for v := range _at {
				say(v)
			}
		}(ch)
	}
	{
		type int string
		type chanStruct chan int
		cs := make(chanStruct, 1)
		cs <- "text"
		v, ok := <-cs
		say(v, ok)
	}
	{
		true, false, nil := false, true, 1
		ch := make(chan bool, 1)
		ch <- true
		v, ok := <-ch
		say(v, ok, false, nil)
	}
	var any, error, string = 1, 2, 3
	cs := make(chan struct{ any, error, string int }, 1)
	cs <- struct{ any, error, string int }{any, error, string}
	say(<-cs)
	say(shadowed.Values(make(chan int32, 4)))
}
