// Package locks compares what locks cost: plain, with probes, and with go-deadlock.
package locks

import (
	"sync"
	"testing"

	probe "github.com/awaittrace/awaittrace/runtime"
	"github.com/sasha-s/go-deadlock"
)

var sites = [...]probe.Site{
	0: {File: &probe.File{
		Name: "locks.go",
		Text: "locks\n" +
			"\tmu.Lock()\n" +
			"\tmu.Unlock()\n" +
			"\trw.RLock()\n" +
			"\trw.RUnlock()\n",
	}, Text: 6, Line: 1, Op: probe.OpLock, Kind: probe.KindMutex},
	1: {Index: 1, Text: 17, Line: 2, Op: probe.OpUnlock, Kind: probe.KindMutex},
	2: {Index: 2, Text: 30, Line: 3, Op: probe.OpRLock, Kind: probe.KindRWMutex},
	3: {Index: 3, Text: 42, Line: 4, Op: probe.OpRUnlock, Kind: probe.KindRWMutex},
}

func BenchmarkMutex(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		var mu sync.Mutex
		for b.Loop() {
			mu.Lock()
			mu.Unlock()
		}
	})
	b.Run("probe", func(b *testing.B) {
		var mu sync.Mutex
		for b.Loop() {
			probe.Lock(&sites[0], &mu)
			probe.Unlock(&sites[1], &mu)
		}
	})
	b.Run("go-deadlock", func(b *testing.B) {
		var mu deadlock.Mutex
		for b.Loop() {
			mu.Lock()
			mu.Unlock()
		}
	})
}

func BenchmarkRWMutex(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		var rw sync.RWMutex
		for b.Loop() {
			rw.RLock()
			rw.RUnlock()
		}
	})
	b.Run("probe", func(b *testing.B) {
		var rw sync.RWMutex
		for b.Loop() {
			probe.RLock(&sites[2], &rw)
			probe.RUnlock(&sites[3], &rw)
		}
	})
	b.Run("go-deadlock", func(b *testing.B) {
		var rw deadlock.RWMutex
		for b.Loop() {
			rw.RLock()
			rw.RUnlock()
		}
	})
}

// BenchmarkContended has two goroutines take the same lock.
func BenchmarkContended(b *testing.B) {
	run := func(lock, unlock func()) func(*testing.B) {
		return func(b *testing.B) {
			b.SetParallelism(1)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					lock()
					unlock()
				}
			})
		}
	}
	var plain, probed sync.Mutex
	var dead deadlock.Mutex
	b.Run("plain", run(plain.Lock, plain.Unlock))
	b.Run("probe", run(func() { probe.Lock(&sites[0], &probed) }, func() { probe.Unlock(&sites[1], &probed) }))
	b.Run("go-deadlock", run(dead.Lock, dead.Unlock))
}
