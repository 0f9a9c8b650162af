//go:build go1.25

package main

import (
	"sync"
	"testing"
	"testing/synctest"
)

func init() { starters = append(starters, startBubble, startGo) }

// startBubble waits in a bubble of synctest.
func startBubble() {
	outside := make(chan int)
	match := func(pat, str string) (bool, error) { return true, nil }
	go testing.Main(match, []testing.InternalTest{{Name: "Bubble", F: func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ch := make(chan int)
			go func() {
				<-ch // live: in a bubble
			}()
			var wg sync.WaitGroup
			wg.Add(1)
			go func() {
				wg.Wait() // live: in a bubble
			}()
			<-outside // any: on what is outside of the bubble
		})
	}}}, nil, nil)
}

//go:noinline
func startGo() {
	var wg sync.WaitGroup
	ch := make(chan int)
	wg.Go(func() {
		<-ch // leak: in WaitGroup.Go
	})
	go func() {
		wg.Wait() // leak: for a leak
	}()
}
