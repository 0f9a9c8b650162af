package runtime_test

import (
	"net"
	"sync"
	"testing"

	probe "github.com/awaittrace/awaittrace/runtime"
)

// Each benchmark runs the plain operation and, beside it, its replacement in instrumented source:
//
//	go test -bench . -count 6 ./runtime
//
// docs/benchmarks.md has results.

var benchSites = [...]probe.Site{
	0: {File: &probe.File{
		Name: "bench.go",
		Text: "bench\n" +
			"\tmu.Lock()\n" +
			"\tmu.Unlock()\n" +
			"\tch <- v\n" +
			"\t<-ch\n" +
			"\tback <- v\n" +
			"\t<-back\n" +
			"\tselect\n" +
			"\tconn.Write(b)\n" +
			"\tonce.Do(f)\n" +
			"\tfor\n",
	}, Text: 6, Line: 1, Op: probe.OpLock, Kind: probe.KindMutex},
	1: {Index: 1, Text: 17, Line: 2, Op: probe.OpUnlock, Kind: probe.KindMutex},
	2: {Index: 2, Text: 30, Line: 3, Op: probe.OpSend, Kind: probe.KindChan},
	3: {Index: 3, Text: 39, Line: 4, Op: probe.OpRecv, Kind: probe.KindChan},
	4: {Index: 4, Text: 45, Line: 5, Op: probe.OpSend, Kind: probe.KindChan},
	5: {Index: 5, Text: 56, Line: 6, Op: probe.OpRecv, Kind: probe.KindChan},
	6: {Index: 6, Text: 64, Line: 7, Op: probe.OpSelect, Cases: 2},
	7: {Index: 7, Text: 72, Line: 8, Op: probe.OpIO, Kind: probe.KindConn},
	8: {Index: 8, Text: 87, Line: 9, Op: probe.OpOnce, Kind: probe.KindOnce},
	9: {Index: 9, Text: 99, Line: 10, Op: probe.OpLoop},
}

func BenchmarkMutex(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		var mu sync.Mutex
		for i := 0; i < b.N; i++ {
			mu.Lock()
			mu.Unlock()
		}
	})
	b.Run("probe", func(b *testing.B) {
		b.ReportAllocs()
		var mu sync.Mutex
		for i := 0; i < b.N; i++ {
			probe.Lock(&benchSites[0], &mu)
			probe.Unlock(&benchSites[1], &mu)
		}
	})
}

func BenchmarkRWMutex(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		var mu sync.RWMutex
		for i := 0; i < b.N; i++ {
			mu.RLock()
			mu.RUnlock()
		}
	})
	b.Run("probe", func(b *testing.B) {
		b.ReportAllocs()
		var mu sync.RWMutex
		for i := 0; i < b.N; i++ {
			probe.RLock(&benchSites[0], &mu)
			probe.RUnlock(&benchSites[1], &mu)
		}
	})
}

// BenchmarkRWMutexReaders has readers of one lock on all processors.
func BenchmarkRWMutexReaders(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		var mu sync.RWMutex
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				mu.RLock()
				mu.RUnlock()
			}
		})
	})
	b.Run("probe", func(b *testing.B) {
		var mu sync.RWMutex
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				probe.RLock(&benchSites[0], &mu)
				probe.RUnlock(&benchSites[1], &mu)
			}
		})
	})
}

func BenchmarkBuffered(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		ch := make(chan int, 1)
		for i := 0; i < b.N; i++ {
			ch <- i
			<-ch
		}
	})
	b.Run("probe", func(b *testing.B) {
		b.ReportAllocs()
		ch := make(chan int, 1)
		for i := 0; i < b.N; i++ {
			probe.BeginSend(&benchSites[2], ch) <- i
			probe.EndSend()
			probe.Received(<-probe.BeginRecv(&benchSites[3], ch))
		}
	})
}

func BenchmarkRoundTrip(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		ch, back := make(chan int), make(chan int)
		go func() {
			for v := range ch {
				back <- v
			}
		}()
		for i := 0; i < b.N; i++ {
			ch <- i
			<-back
		}
		close(ch)
	})
	b.Run("probe", func(b *testing.B) {
		b.ReportAllocs()
		ch, back := make(chan int), make(chan int)
		go func() {
			for {
				v, ok := <-probe.BeginRecv(&benchSites[3], ch)
				probe.EndRecv()
				if !ok {
					break
				}
				probe.BeginSend(&benchSites[4], back) <- v
				probe.EndSend()
			}
		}()
		for i := 0; i < b.N; i++ {
			probe.BeginSend(&benchSites[2], ch) <- i
			probe.EndSend()
			probe.Received(<-probe.BeginRecv(&benchSites[5], back))
		}
		probe.Close(&benchSites[2], ch)
	})
}

// BenchmarkSelect always has a clause ready. It fills and empties its channel in turn, so that it needs no other
// goroutine.
func BenchmarkSelect(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		full, never := make(chan int, 1), make(chan int)
		for i := 0; i < b.N; i++ {
			full <- i
			select {
			case <-never:
			case <-full:
			}
		}
	})
	b.Run("probe", func(b *testing.B) {
		b.ReportAllocs()
		full, never := make(chan int, 1), make(chan int)
		for i := 0; i < b.N; i++ {
			full <- i
			select {
			case <-probe.CaseRecv(&benchSites[6], 0, never):
				probe.Chose(&benchSites[6], 0)
			case <-probe.CaseRecv(&benchSites[6], 1, full):
				probe.Chose(&benchSites[6], 1)
			}
		}
	})
}

func BenchmarkWrite(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		conn, buf := loopback(b), make([]byte, 64)
		for i := 0; i < b.N; i++ {
			if _, err := conn.Write(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("probe", func(b *testing.B) {
		b.ReportAllocs()
		conn, buf := loopback(b), make([]byte, 64)
		for i := 0; i < b.N; i++ {
			if _, err := probe.End2(probe.IO(&benchSites[7], conn).Write(buf)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCall calls a function that does nothing, because writes differ by more than the cost of a probe.
func BenchmarkCall(b *testing.B) {
	buf := make([]byte, 64)
	b.Run("plain", func(b *testing.B) {
		for i := 0; i < b.N; i++ {
			null{}.Write(buf)
		}
	})
	b.Run("probe", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; i < b.N; i++ {
			probe.End2(probe.IO(&benchSites[7], null{}).Write(buf))
		}
	})
}

type null struct{}

//go:noinline
func (null) Write(b []byte) (int, error) { return len(b), nil }

func BenchmarkOnce(b *testing.B) {
	b.Run("plain", func(b *testing.B) {
		var once sync.Once
		for i := 0; i < b.N; i++ {
			once.Do(func() {})
		}
	})
	b.Run("probe", func(b *testing.B) {
		b.ReportAllocs()
		var once sync.Once
		for i := 0; i < b.N; i++ {
			probe.OnceDo(&benchSites[8], &once, func() {})
		}
	})
}

func BenchmarkLoop(b *testing.B) {
	for i := 0; i < b.N; i++ {
		probe.Loop(&benchSites[9])
	}
}

// loopback returns a TCP connection to a peer that discards what it reads.
func loopback(b *testing.B) net.Conn {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Skip(err)
	}
	defer l.Close()
	go func() {
		peer, err := l.Accept()
		if err != nil {
			return
		}
		defer peer.Close()
		buf := make([]byte, 64<<10)
		for err == nil {
			_, err = peer.Read(buf)
		}
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	b.ResetTimer()
	return conn
}
