package main

import (
	"context"
	"io"
	"os"
	"reflect"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// reply waits for an answer on a channel that only the asker and the answerer have.
func reply() {
	ch := make(chan *int)
	go func() {
		x := 1
		ch <- &x
	}()
	<-ch
}

// late lets the receiver wait first, and the sender forget the channel at once.
func late() {
	ch := make(chan int)
	for i := 0; i < 8; i++ {
		go func() { <-ch }()
	}
	for i := 0; i < 8; i++ {
		runtime.Gosched()
		ch <- 1
	}
}

// closing wakes many by one close.
func closing() {
	ch := make(chan int)
	var up sync.WaitGroup
	for i := 0; i < 20; i++ {
		up.Add(1)
		go func() {
			up.Done()
			<-ch
		}()
	}
	up.Wait()
	close(ch)
}

// chain wakes one goroutine by another by another.
func chain() {
	first := make(chan int)
	in := first
	for i := 0; i < 10; i++ {
		out := make(chan int)
		go func(in, out chan int) { out <- 1 + <-in }(in, out)
		in = out
	}
	go func() { first <- 0 }()
	<-in
}

// carry sends the channel to answer on through another channel, which is garbage then.
func carry() {
	asks := make(chan chan chan int, 1)
	go func() {
		ask := <-asks
		answer := make(chan int)
		ask <- answer
		answer <- 1
	}()
	ask := make(chan chan int)
	asks <- ask
	<-<-ask
}

type key struct{}

func canceled() {
	ctx, cancel := context.WithCancel(context.Background())
	child, cancel2 := context.WithTimeout(context.WithValue(ctx, key{}, 1), time.Minute)
	defer cancel2()
	for i := 0; i < 10; i++ {
		go func() {
			select {
			case <-child.Done():
			case <-make(chan int):
			}
		}()
	}
	runtime.Gosched()
	cancel()
}

func timeout() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Microsecond)
	defer cancel()
	select {
	case <-ctx.Done():
	case <-time.After(time.Millisecond):
	}
	<-time.NewTimer(10 * time.Microsecond).C
}

// afterFunc is woken by a timer's function alone.
func afterFunc() {
	ch := make(chan int)
	time.AfterFunc(30*time.Microsecond, func() { close(ch) })
	<-ch
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan int)
	context.AfterFunc(ctx, func() { done <- 1 })
	go cancel()
	<-done
}

func group() {
	var wg sync.WaitGroup
	for i := 0; i < 10; i++ {
		wg.Add(1)
		go wg.Done()
	}
	for i := 0; i < 3; i++ {
		go wg.Wait()
	}
	wg.Wait()
}

func cond() {
	var mu sync.Mutex
	c := sync.NewCond(&mu)
	ok := 0
	for i := 0; i < 10; i++ {
		go func() {
			mu.Lock()
			for ok == 0 {
				c.Wait()
			}
			ok--
			mu.Unlock()
		}()
	}
	runtime.Gosched()
	mu.Lock()
	ok = 5
	c.Broadcast()
	mu.Unlock()
	runtime.Gosched()
	for i := 0; i < 5; i++ {
		mu.Lock()
		ok++
		mu.Unlock()
		c.Signal()
	}
}

func mutex() {
	mu := new(sync.Mutex)
	mu.Lock()
	for i := 0; i < 6; i++ {
		go func() {
			mu.Lock()
			runtime.Gosched()
			mu.Unlock()
		}()
	}
	runtime.Gosched()
	mu.Unlock()
}

func rwmutex() {
	mu := new(sync.RWMutex)
	mu.RLock()
	for i := 0; i < 8; i++ {
		go func(i int) {
			if i%3 == 0 {
				mu.Lock()
				mu.Unlock()
				return
			}
			mu.RLock()
			runtime.Gosched()
			mu.RUnlock()
		}(i)
	}
	runtime.Gosched()
	mu.RUnlock()
}

func once() {
	o := new(sync.Once)
	for i := 0; i < 4; i++ {
		go o.Do(func() { time.Sleep(10 * time.Microsecond) })
	}
	o.Do(func() { runtime.Gosched() })
}

func pipe() {
	r, w := io.Pipe()
	go func() {
		w.Write([]byte("some"))
		w.Close()
	}()
	io.ReadAll(r)
}

// poll is woken by the network poller, and wakes others.
func poll() {
	r, w, err := os.Pipe()
	if err != nil {
		time.Sleep(time.Millisecond)
		return
	}
	defer r.Close()
	done := make(chan int)
	go func() {
		r.Read(make([]byte, 1))
		done <- 1
	}()
	go func() {
		w.Write([]byte("x"))
		w.Close()
	}()
	<-done
}

// call waits for who is in a system call.
func call() {
	done := make(chan int)
	go func() {
		ts := syscall.Timespec{Nsec: 20000}
		syscall.Nanosleep(&ts, nil)
		close(done)
	}()
	<-done
}

// thread hands over to a goroutine that has a thread of its own.
func thread() {
	ch, back := make(chan int), make(chan int)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		back <- <-ch
	}()
	ch <- 1
	<-back
}

// grow makes stacks grow, and move while others send to them.
func grow() {
	ch := make(chan [8]*int)
	go func() {
		var a [8]*int
		a[7] = new(int)
		ch <- a
	}()
	deeper(60, ch)
}

//go:noinline
func deeper(n int, ch chan [8]*int) (a [8]*int) {
	var pad [256]byte
	if n == 0 {
		return <-ch
	}
	a = deeper(n-1, ch)
	pad[n] = 1
	a[0] = new(int)
	*a[0] = int(pad[n])
	return a
}

func choose() {
	a, b, c := make(chan int), make(chan string), make(chan struct{})
	go func() {
		select {
		case a <- 1:
		case b <- "b":
		}
	}()
	go func() {
		select {
		case <-c:
		case <-a:
		case <-b:
		}
		close(c)
	}()
	<-c
}

// finalizer is woken by the collector alone.
func finalizer() {
	ch := make(chan int)
	o := &struct {
		p  *int
		ch chan int
	}{new(int), ch}
	runtime.SetFinalizer(o, func(any) {})
	runtime.SetFinalizer(o, nil)
	runtime.SetFinalizer(o, func(o *struct {
		p  *int
		ch chan int
	}) {
		close(o.ch)
	})
	<-ch
}

func reflected() {
	ch, done := make(chan int), make(chan int)
	go func() {
		reflect.Select([]reflect.SelectCase{
			{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ch)}, {Dir: reflect.SelectRecv, Chan: reflect.ValueOf(make(chan string))},
		})
		reflect.MakeFunc(reflect.TypeOf(func() {}), func([]reflect.Value) []reflect.Value {
			reflect.ValueOf(done).Send(reflect.ValueOf(1))
			return nil
		}).Call(nil)
	}()
	ch <- 1
	<-done
}

func panicking() {
	ch := make(chan int)
	go func() {
		defer func() {
			recover()
			ch <- 1
		}()
		var p *part
		p.n.Add(1)
	}()
	<-ch
}
