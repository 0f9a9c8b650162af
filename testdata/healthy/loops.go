package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// The programs of this file go round in loops that get somewhere, and use channels nearly as pools are used.

// work takes some ten microseconds of processor time.
func work() [sha256.Size]byte { return sha256.Sum256(make([]byte, 16<<10)) }

// lockedWork works under a lock for as long as it lives.
func lockedWork(ctx context.Context) error {
	var mu sync.Mutex
	var sum [sha256.Size]byte
	for ctx.Err() == nil {
		mu.Lock()
		sum = work()
		mu.Unlock()
	}
	_ = sum
	return nil
}

// stepwise works in steps, between which it looks whether it should end.
func stepwise(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		default:
		}
		work()
	}
}

// frames draws sixty frames a second, and takes what input there is for each.
func frames(ctx context.Context) error {
	input := make(chan int)
	for next := time.Now(); ctx.Err() == nil; {
		select {
		case <-input:
		default:
		}
		for i := 0; i < 100; i++ {
			work()
		}
		next = next.Add(time.Second / 60)
		time.Sleep(time.Until(next))
	}
	return nil
}

// tryLocks tries two hundred times a second to get a lock that somebody else has most of the time.
func tryLocks(ctx context.Context) error {
	var mu sync.Mutex
	wait := start(1, func(int) {
		every(ctx, 500*time.Millisecond, func() {
			mu.Lock()
			time.Sleep(400 * time.Millisecond)
			mu.Unlock()
		})
	})
	for ctx.Err() == nil {
		if mu.TryLock() {
			mu.Unlock()
		}
		time.Sleep(5 * time.Millisecond)
	}
	wait()
	return nil
}

// lines reads lines as fast as they come over a connection.
func lines(ctx context.Context) error {
	from, to := net.Pipe()
	wait := start(1, func(int) {
		defer to.Close()
		for ctx.Err() == nil {
			if _, err := io.WriteString(to, "a line\n"); err != nil {
				return
			}
		}
	})
	r := bufio.NewReader(from)
	for {
		if _, err := r.ReadString('\n'); err != nil {
			break
		}
	}
	wait()
	return nil
}

// dials connects and is connected to as fast as it can, a connection at a time, each served by a goroutine of its own.
func dials(ctx context.Context) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var serving sync.WaitGroup
	wait := start(1, func(int) {
		for {
			conn, err := ln.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			} else if err != nil {
				continue
			}
			serving.Add(1)
			go func() {
				defer serving.Done()
				defer conn.Close()
				io.Copy(conn, conn)
			}()
		}
	})
	for ctx.Err() == nil {
		if err := echo(ln.Addr().String()); err != nil {
			return err
		}
	}
	ln.Close()
	wait()
	serving.Wait()
	return nil
}

func echo(addr string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.(*net.TCPConn).SetLinger(0) // or the ports are used up
	if _, err := conn.Write([]byte("x")); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, make([]byte, 1))
	return err
}

// drains empties a channel with many elements that has been closed.
func drains(ctx context.Context) error {
	for ctx.Err() == nil {
		full := make(chan int, 100_000)
		for i := 0; i < cap(full); i++ {
			full <- i
		}
		close(full)
		for ctx.Err() == nil {
			if _, ok := <-full; !ok {
				break
			}
			work()
		}
	}
	return nil
}

// requeue has workers that put back what they could not do, and hardly any work.
func requeue(ctx context.Context) error {
	jobs := make(chan int, 8)
	wait := start(3, func(int) {
		for {
			select {
			case j := <-jobs:
				if j%2 == 0 {
					time.Sleep(10 * time.Millisecond)
					jobs <- j
				}
			case <-ctx.Done():
				return
			}
		}
	})
	n := 1
	every(ctx, 3*time.Second, func() { jobs <- n; n += 2 })
	wait()
	return nil
}

// slowBucket has a bucket of tokens, full at first, that gets a new one every four seconds, and a caller that wants one at once.
func slowBucket(ctx context.Context) error {
	tokens := make(chan struct{}, 2)
	tokens <- struct{}{}
	tokens <- struct{}{}
	wait := start(1, func(int) {
		every(ctx, 4*time.Second, func() {
			select {
			case tokens <- struct{}{}:
			default:
			}
		})
		close(tokens)
	})
	for ctx.Err() == nil {
		<-tokens
	}
	wait()
	return nil
}

// mailbox keeps the newest value for a reader that comes every two seconds.
func mailbox(ctx context.Context) error {
	box := make(chan int, 1)
	wait := start(1, func(int) {
		n := 0
		every(ctx, 50*time.Millisecond, func() {
			n++
			select {
			case box <- n:
			default:
				select {
				case <-box:
				default:
				}
				box <- n
			}
		})
	})
	every(ctx, 2*time.Second, func() { <-box })
	wait()
	return nil
}

// freeList takes buffers from a list of free ones if there are some, and puts them back if there is room.
func freeList(ctx context.Context) error {
	free := make(chan []byte, 4)
	start(8, func(int) {
		every(ctx, 200*time.Millisecond, func() {
			var b []byte
			select {
			case b = <-free:
			default:
				b = make([]byte, 1024)
			}
			time.Sleep(20 * time.Millisecond)
			select {
			case free <- b:
			default:
			}
		})
	})()
	return nil
}

// handover signals over a channel with a buffer of one, in both directions, in one function.
func handover(ctx context.Context) error {
	ready := make(chan struct{}, 1)
	for ctx.Err() == nil {
		ready <- struct{}{}
		done := time.AfterFunc(3*time.Second, func() { <-ready })
		ready <- struct{}{} // until the first is taken
		<-ready
		done.Stop()
	}
	return nil
}

// deadlines reads from a connection that is silent, with a deadline of a few milliseconds each time, to see between
// whether it should end. Another goroutine computes meanwhile, now and then.
func deadlines(ctx context.Context) error {
	ln, err := listen()
	if err != nil {
		return err
	}
	defer ln.Close()
	from, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		return err
	}
	defer from.Close()
	wait := start(1, func(int) {
		every(ctx, 20*time.Millisecond, func() {
			for i := 0; i < 100; i++ {
				work()
			}
		})
	})
	for buf := make([]byte, 64); ctx.Err() == nil; {
		from.SetReadDeadline(time.Now().Add(2 * time.Millisecond))
		if _, err := from.Read(buf); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
	}
	wait()
	return nil
}

// servedQueue has a worker whose channel always has a job, because there is so much to do.
func servedQueue(ctx context.Context) error {
	jobs, stop := make(chan int, 64), make(chan struct{})
	wait := start(1, func(i int) {
		for {
			select {
			case jobs <- i:
			case <-stop:
				return
			}
		}
	})
	for ctx.Err() == nil {
		select {
		case <-jobs:
			work()
		case <-stop:
		}
	}
	close(stop)
	wait()
	return nil
}
