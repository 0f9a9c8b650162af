package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// busySemaphore has 60 goroutines at a channel that lets 4 in, each for 0.2 seconds: who waits does so for three seconds, and gets its turn.
func busySemaphore(ctx context.Context) error {
	slots := make(chan struct{}, 4)
	start(60, func(int) {
		for ctx.Err() == nil {
			slots <- struct{}{}
			time.Sleep(200 * time.Millisecond)
			<-slots
		}
	})()
	return nil
}

// slowConsumer takes one value of 100 senders every 30 milliseconds.
func slowConsumer(ctx context.Context) error {
	values := make(chan int)
	wait := start(100, func(i int) {
		for ctx.Err() == nil {
			values <- i
		}
	})
	consumed := start(1, func(int) {
		for range values {
			if ctx.Err() == nil {
				time.Sleep(30 * time.Millisecond)
			}
		}
	})
	wait()
	close(values)
	consumed()
	return nil
}

// fullBuffer has a producer that is always ahead of its consumer by a full buffer, and may be stopped.
func fullBuffer(ctx context.Context) error {
	events := make(chan int, 64)
	stop := make(chan struct{})
	wait := start(8, func(i int) {
		for {
			select {
			case events <- i:
			case <-stop:
				return
			}
		}
	})
	consumed := start(1, func(int) {
		for {
			select {
			case <-events:
				time.Sleep(50 * time.Millisecond)
			case <-stop:
				return
			}
		}
	})
	<-ctx.Done()
	close(stop)
	wait()
	consumed()
	return nil
}

// actors are two event loops of which one asks the other, which takes 0.3 seconds for an answer; all may be stopped.
func actors(ctx context.Context) error {
	type request struct{ reply chan int }
	stop := make(chan struct{})
	ask := func(in chan request) {
		r := request{make(chan int, 1)}
		select {
		case in <- r:
		case <-stop:
			return
		}
		select {
		case <-r.reply:
		case <-stop:
		}
	}
	run := func(in chan request, handle func()) {
		for {
			select {
			case r := <-in:
				handle()
				r.reply <- 1
			case <-stop:
				return
			}
		}
	}
	front, back := make(chan request), make(chan request)
	loops := start(2, func(i int) {
		if i == 0 {
			run(front, func() { ask(back) })
		} else {
			run(back, func() { time.Sleep(300 * time.Millisecond) })
		}
	})
	clients := start(12, func(int) {
		for ctx.Err() == nil {
			ask(front)
		}
	})
	<-ctx.Done()
	close(stop)
	clients()
	loops()
	return nil
}

// lockConvoy has 50 goroutines at a lock that each holds for 40 milliseconds: a turn takes two seconds.
func lockConvoy(ctx context.Context) error {
	var mu sync.Mutex
	start(50, func(int) {
		for ctx.Err() == nil {
			mu.Lock()
			time.Sleep(40 * time.Millisecond)
			mu.Unlock()
		}
	})()
	return nil
}

// slowWriter holds a lock for 0.4 seconds now and then, for which its readers wait.
func slowWriter(ctx context.Context) error {
	var mu sync.RWMutex
	wait := start(20, func(int) {
		for ctx.Err() == nil {
			mu.RLock()
			time.Sleep(time.Millisecond)
			mu.RUnlock()
		}
	})
	every(ctx, 600*time.Millisecond, func() {
		mu.Lock()
		defer mu.Unlock()
		time.Sleep(400 * time.Millisecond)
	})
	wait()
	return nil
}

// nestedPool lends from two pools: who has of the first takes of the second, and gives both back.
func nestedPool(ctx context.Context) error {
	outer, inner := make(chan int, 4), make(chan int, 2)
	for i := 0; i < 4; i++ {
		outer <- i
	}
	inner <- 0
	inner <- 1
	start(12, func(int) {
		for ctx.Err() == nil {
			o := <-outer
			i := <-inner
			time.Sleep(100 * time.Millisecond)
			inner <- i
			outer <- o
		}
	})()
	return nil
}

// boundedGroup is an errgroup with a limit: the one that starts the tasks waits for a slot, for longer than a second at times.
func boundedGroup(ctx context.Context) error {
	slots := make(chan struct{}, 2)
	var wg sync.WaitGroup
	for ctx.Err() == nil {
		slots <- struct{}{}
		wg.Add(1)
		go func() {
			defer func() { <-slots; wg.Done() }()
			select {
			case <-time.After(1500 * time.Millisecond):
			case <-ctx.Done():
			}
		}()
	}
	wg.Wait()
	return nil
}

// waiters queue for a slot with a condition variable, as worker pools of libraries do.
func waiters(ctx context.Context) error {
	var mu sync.Mutex
	cond := sync.NewCond(&mu)
	free := 3
	start(30, func(int) {
		for ctx.Err() == nil {
			mu.Lock()
			for free == 0 {
				cond.Wait()
			}
			free--
			mu.Unlock()
			time.Sleep(150 * time.Millisecond)
			mu.Lock()
			free++
			mu.Unlock()
			cond.Signal()
		}
	})()
	return nil
}

// A slowDriver is a driver of database/sql whose queries take 0.2 seconds.
type slowDriver struct{}

func (slowDriver) Connect(context.Context) (driver.Conn, error) { return slowDriver{}, nil }
func (slowDriver) Driver() driver.Driver                        { return nil }
func (slowDriver) Prepare(string) (driver.Stmt, error)          { return slowDriver{}, nil }
func (slowDriver) Begin() (driver.Tx, error)                    { return nil, errors.New("no transactions") }
func (slowDriver) Close() error                                 { return nil }
func (slowDriver) NumInput() int                                { return 0 }
func (slowDriver) Exec([]driver.Value) (driver.Result, error)   { return nil, errors.New("no changes") }
func (slowDriver) Columns() []string                            { return []string{"n"} }
func (slowDriver) Next([]driver.Value) error                    { return io.EOF }

func (slowDriver) Query([]driver.Value) (driver.Rows, error) {
	time.Sleep(200 * time.Millisecond)
	return slowDriver{}, nil
}

// busyDatabase has 40 goroutines at a sql.DB of 4 connections: each waits for two seconds, and gets its rows.
func busyDatabase(ctx context.Context) error {
	db := sql.OpenDB(slowDriver{})
	defer db.Close()
	db.SetMaxOpenConns(4)
	start(40, func(int) {
		for ctx.Err() == nil {
			rows, err := db.Query("select")
			if err == nil {
				rows.Close()
			}
		}
	})()
	return nil
}

// objects are users of a sync.Pool.
func objects(ctx context.Context) error {
	pool := sync.Pool{New: func() any { return new([4096]byte) }}
	start(8, func(int) {
		every(ctx, 5*time.Millisecond, func() {
			b := pool.Get()
			defer pool.Put(b)
		})
	})()
	return nil
}

// ownPipe writes to a pipe of its own, which it reads more slowly.
func ownPipe(ctx context.Context) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer w.Close()
	wait := start(1, func(int) {
		for {
			if _, err := fmt.Fprintln(w, "a line"); err != nil {
				return
			}
		}
	})
	buf := make([]byte, 4096)
	every(ctx, 100*time.Millisecond, func() { _, _ = r.Read(buf) })
	r.Close()
	wait()
	return nil
}
