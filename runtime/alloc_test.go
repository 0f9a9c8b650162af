//go:build (linux || darwin) && (amd64 || arm64)

package runtime

import (
	"io"
	"sync"
	"testing"
)

// TestNoAllocs checks that the most frequent probes do not allocate. On other systems they do: a probe finds the
// goroutine's ID by runtime.Stack.
func TestNoAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	var (
		mu      sync.Mutex
		rw      sync.RWMutex
		wg      sync.WaitGroup
		once    sync.Once
		cond    = sync.NewCond(&mu)
		ch      = make(chan int, 1)
		w       = io.Discard
		b       = make([]byte, 16)
		f       = func() {}
		lock    = newSite(OpLock, KindMutex, "mu.Lock()")
		unlock  = newSite(OpUnlock, KindMutex, "mu.Unlock()")
		send    = newSite(OpSend, KindChan, "ch <- 1")
		recv    = newSite(OpRecv, KindChan, "<-ch")
		choose  = newSite(OpSelect, KindChan, "select")
		wait    = newSite(OpWait, KindWaitGroup, "wg.Wait()")
		signal  = newSite(OpCond, KindCond, "cond.Signal()")
		do      = newSite(OpOnce, KindOnce, "once.Do(f)")
		write   = newSite(OpIO, KindOther, "w.Write(b)")
		iterate = newSite(OpLoop, KindNone, "for")
	)
	choose.Cases = 1
	for name, probe := range map[string]func(){
		"Mutex":    func() { Lock(lock, &mu); Unlock(unlock, &mu) },
		"RWMutex":  func() { RWLock(lock, &rw); RWUnlock(unlock, &rw) },
		"RLock":    func() { RLock(lock, &rw); RUnlock(unlock, &rw) },
		"Locker":   func() { LockerLock(lock, &mu); LockerUnlock(unlock, &mu) },
		"Send":     func() { Send(send, ch, 1); receive(recv, ch) },
		"To":       func() { To(send, ch).Send(1); RecvOK(recv, ch) },
		"wg":       func() { WgAdd(wait, &wg, 1); WgDone(wait, &wg); WgWait(wait, &wg) },
		"wg.Wait":  func() { BeginGo(wait, &wg); BeginWait(wait, &wg).Wait(); EndWait() },
		"Cond":     func() { CondSignal(signal, cond); CondBroadcast(signal, cond) },
		"Once":     func() { OnceDo(do, &once, f) },
		"IO":       func() { End2(IO(write, w).Write(b)) },
		"Loop":     func() { Loop(iterate) },
		"handover": handover(send, recv),
		"select": func() {
			select {
			case CaseSend(choose, 0, ch) <- 1:
				Chose(choose, 0)
			}
			receive(recv, ch)
		},
	} {
		if n := testing.AllocsPerRun(100, probe); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// handover returns a function that sends to a goroutine and receives from it, so that each time one of the two waits.
func handover(send, recv *Site) func() {
	there, back := make(chan int), make(chan int)
	go func() {
		for {
			Send(send, back, receive(recv, there))
		}
	}()
	return func() {
		Send(send, there, 1)
		receive(recv, back)
	}
}
