package main

import (
	"context"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// atEnd calls f when ctx is done, by a timer of the runtime: no goroutine waits for that.
func atEnd(ctx context.Context, f func()) {
	end, _ := ctx.Deadline()
	time.AfterFunc(time.Until(end), f)
}

// afterSend has senders whose values a timer's function takes.
func afterSend(ctx context.Context) error {
	values := make(chan int)
	atEnd(ctx, func() {
		for i := 0; i < 3; i++ {
			<-values
		}
	})
	start(3, func(i int) { values <- i })()
	return nil
}

// afterClose has goroutines that wait for what a timer's function closes, or sends.
func afterClose(ctx context.Context) error {
	done, sent := make(chan struct{}), make(chan int)
	atEnd(ctx, func() { close(done) })
	atEnd(ctx, func() { sent <- 1 })
	start(4, func(i int) {
		if i == 0 {
			<-sent
			return
		}
		<-done
	})()
	return nil
}

// A late is something whose channel is made when it is first asked for, as that of a context is.
type late struct {
	mu   sync.Mutex
	done chan struct{}
}

func (l *late) Done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
	}
	return l.done
}

func (l *late) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
	}
	close(l.done)
}

// lazyChannel waits for a channel that the waiter itself makes, and a timer's function closes.
func lazyChannel(ctx context.Context) error {
	l := new(late)
	atEnd(ctx, l.end)
	start(2, func(int) { <-l.Done() })()
	return nil
}

// afterContext waits for what context.AfterFunc does.
func afterContext(ctx context.Context) error {
	done := make(chan struct{})
	defer context.AfterFunc(ctx, func() { close(done) })()
	start(2, func(int) { <-done })()
	return nil
}

// A resource tells when it is collected.
type resource struct {
	name string
	done chan struct{}
}

// kept is what keeps resources until the end.
var kept struct {
	sync.Mutex
	list map[*resource]bool
}

// finalizer waits for a channel that a finalizer closes.
func finalizer(ctx context.Context) error {
	r := &resource{"finalized", make(chan struct{})}
	runtime.SetFinalizer(r, func(r *resource) { close(r.done) })
	return untilCollected(ctx, r, r.done)
}

// untilCollected keeps a resource until the end, and waits for what its collection closes.
func untilCollected(ctx context.Context, r *resource, done chan struct{}) error {
	kept.Lock()
	if kept.list == nil {
		kept.list = make(map[*resource]bool)
	}
	kept.list[r] = true
	kept.Unlock()
	atEnd(ctx, func() {
		kept.Lock()
		clear(kept.list)
		kept.Unlock()
	})
	go every(ctx, time.Second, runtime.GC)
	go func() {
		<-ctx.Done()
		time.Sleep(100 * time.Millisecond)
		runtime.GC()
		runtime.GC()
	}()
	start(1, func(int) { <-done })()
	return nil
}

// registry is where waiters are until somebody looks for them.
var (
	registry = map[string]*resource{}
	sessions sync.Map
)

// globalMap waits for channels that are in package variables: who ends the waits is a timer's function, which has nothing but the key.
func globalMap(ctx context.Context) error {
	a, b := make(chan struct{}), make(chan int)
	registry["a"] = &resource{"a", a}
	sessions.Store("b", b)
	atEnd(ctx, func() {
		close(registry["a"].done)
		v, _ := sessions.Load("b")
		v.(chan int) <- 1
	})
	start(2, func(i int) {
		if i == 0 {
			<-a
		} else {
			<-b
		}
	})()
	return nil
}

// lateDone has WaitGroups whose Dones are called after three seconds, by a goroutine or by a timer's function, and at the end.
func lateDone(ctx context.Context) error {
	for ctx.Err() == nil {
		var wg sync.WaitGroup
		wg.Add(3)
		time.AfterFunc(3*time.Second, wg.Done)
		go func() {
			time.Sleep(2500 * time.Millisecond)
			wg.Done()
		}()
		registered := wg.Done // by one that did not call Add, and was not started by one who did
		handler := make(chan func(), 1)
		handler <- registered
		time.AfterFunc(2*time.Second, func() { (<-handler)() })
		start(2, func(int) { wg.Wait() })()
	}
	return nil
}

// rareBroadcast has a condition variable that is told of something every five seconds.
func rareBroadcast(ctx context.Context) error {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	version, ended := 0, false
	wait := start(5, func(int) {
		mu.Lock()
		defer mu.Unlock()
		for seen := 0; !ended; seen = version {
			for seen == version && !ended {
				cond.Wait()
			}
		}
	})
	change := func(end bool) {
		mu.Lock()
		version++
		ended = end
		mu.Unlock()
		cond.Broadcast()
	}
	every(ctx, 5*time.Second, func() { change(false) })
	change(true)
	wait()
	return nil
}

// livePolls are selects that look again every half a second, and may be stopped.
func livePolls(ctx context.Context) error {
	stop, never := make(chan struct{}), make(chan int)
	wait := start(6, func(int) {
		for {
			select {
			case <-never:
			case <-time.After(500 * time.Millisecond):
			case <-stop:
				return
			}
		}
	})
	<-ctx.Done()
	close(stop)
	wait()
	return nil
}

// shutdownHook is what many mains have: a goroutine that would shut the server down if its context were one that ends.
func shutdownHook(ctx context.Context) error {
	l, err := listen()
	if err != nil {
		return err
	}
	server := &http.Server{Handler: http.HandlerFunc(hello)}
	background := context.Background()
	go func() {
		<-background.Done()
		server.Shutdown(background)
	}()
	atEnd(ctx, func() { server.Close() })
	if err := server.Serve(l); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// reload waits for a signal that reloads, as daemons do.
func reload(ctx context.Context) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	atEnd(ctx, func() { hup <- syscall.SIGHUP })
	start(1, func(int) { <-hup })()
	return nil
}

// shortChannels makes thousands of channels that are closed at once, and lets the collector free them: what is made at their addresses has another story.
func shortChannels(ctx context.Context) error {
	for ctx.Err() == nil {
		for i := 0; i < 2000; i++ {
			done := make(chan struct{})
			go close(done)
			<-done
		}
		runtime.GC()
		start(20, func(int) {
			c, cancel := context.WithTimeout(ctx, 4*time.Second)
			defer cancel()
			<-c.Done()
		})()
	}
	return nil
}

// slowOnce has an Once whose function takes most of a second.
func slowOnce(ctx context.Context) error {
	for ctx.Err() == nil {
		var once sync.Once
		start(5, func(int) {
			once.Do(func() {
				select {
				case <-time.After(800 * time.Millisecond):
				case <-ctx.Done():
				}
			})
		})()
	}
	return nil
}
