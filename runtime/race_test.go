//go:build race && linux && (amd64 || arm64) && !awaittrace_portable

package runtime

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// TestRacesAreSeen makes two goroutines race that reach the same probes. The collector's own synchronisation must not
// order them: the detector must report the race.
func TestRacesAreSeen(t *testing.T) {
	out, err := child(t, "race")
	if err == nil || !strings.Contains(out, "DATA RACE") {
		t.Errorf("no data race reported: %v\n%s", err, out)
	}
}

// TestOrderIsSeen runs goroutines that probes of locks and channels do order.
func TestOrderIsSeen(t *testing.T) {
	if out, err := child(t, "ordered"); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func init() {
	children["race"] = racing
	children["ordered"] = ordered
}

// racing writes a variable from two goroutines, one after the other, that share nothing but probes.
func racing() {
	s, mk := newSite(OpLoop, KindNone, "loop"), newSite(OpMake, KindChan, "make")
	shared := 0
	for i := uint32(0); i < 2; i++ {
		go func() {
			awaitTurn(i)
			Loop(s)
			Made(mk, make(chan int))
			Unlock(s, locked())
			shared++
			Loop(s)
			Made(mk, make(chan int))
			Unlock(s, locked())
			endTurn()
		}()
	}
	awaitTurn(2)
	Loop(s)
	_ = shared
}

// turn tells whose turn it is in racing. The detector does not see it, and so sees no order either.
var turn uint32

//go:norace
func awaitTurn(n uint32) {
	for turn != n {
		time.Sleep(time.Millisecond)
	}
}

//go:norace
func endTurn() { turn++ }

// locked returns a locked lock that this goroutine has not taken.
func locked() *sync.Mutex {
	var mu sync.Mutex
	mu.Lock()
	return &mu
}

func ordered() {
	s := newSite(OpLoop, KindNone, "any")
	var mu sync.Mutex
	var rw sync.RWMutex
	var wg sync.WaitGroup
	a, b, c := 0, 0, 0
	token := make(chan bool, 1)
	token <- true
	for i := 0; i < 4; i++ {
		WgAdd(s, &wg, 1)
		go func() {
			for n := 0; n < 500; n++ {
				Lock(s, &mu)
				a++
				Unlock(s, &mu)
				RWLock(s, &rw)
				b++
				RWUnlock(s, &rw)
				RLock(s, &rw)
				_ = b
				RUnlock(s, &rw)
				receive(s, token)
				c++
				To(s, token).Send(true)
			}
			WgDone(s, &wg)
		}()
	}
	WgWait(s, &wg)
	if a != 2000 || b != 2000 || c != 2000 {
		panic("lost an update")
	}
}
