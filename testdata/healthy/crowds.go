package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"time"
)

// gainsClients is a server that gets ten more clients a second, which stay and say something at times.
func gainsClients(ctx context.Context) error {
	l, err := listen()
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	all.Add(1)
	go func() {
		defer all.Done()
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Add(1)
			go func() {
				defer all.Done()
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					fmt.Fprintln(conn, "heard", lines.Text())
				}
			}()
		}
	}()
	every(ctx, 100*time.Millisecond, func() {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return
		}
		all.Add(1)
		go func() {
			defer all.Done()
			defer conn.Close()
			every(ctx, 2*time.Second, func() {
				fmt.Fprintln(conn, "hello")
				bufio.NewReader(conn).ReadString('\n')
			})
		}()
	})
	l.Close()
	all.Wait()
	return nil
}

// warmUp starts 200 workers in its first four seconds, and no more after that.
func warmUp(ctx context.Context) error {
	jobs := make(chan int)
	var wg sync.WaitGroup
	for i := 0; i < 200; i++ {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range jobs {
			}
		}()
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
	}
	every(ctx, 50*time.Millisecond, func() { jobs <- 1 })
	close(jobs)
	wg.Wait()
	return nil
}

// turnover starts ten goroutines a second, each of which lives for three seconds: there are always thirty, none is old.
func turnover(ctx context.Context) error {
	var wg sync.WaitGroup
	every(ctx, 100*time.Millisecond, func() {
		wg.Add(1)
		go func() {
			defer wg.Done()
			select {
			case <-time.After(3 * time.Second):
			case <-ctx.Done():
			}
		}()
	})
	wg.Wait()
	return nil
}

// answer answers after some time, or when the client has gone.
func answer(d time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
			hello(w, r)
		case <-r.Context().Done():
		}
	}
}

// longAnswers has clients with a timeout whose answers take four seconds.
func longAnswers(ctx context.Context) error {
	return serve(ctx, answer(4*time.Second), func(url string) {
		start(3, func(int) {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
			defer client.CloseIdleConnections()
			for ctx.Err() == nil {
				get(ctx, client, url)
			}
		})()
	})
}

// fewConnections has 20 clients that share 2 connections, MaxConnsPerHost, of 0.2 seconds an answer.
func fewConnections(ctx context.Context) error {
	return serve(ctx, answer(200*time.Millisecond), func(url string) {
		client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 2}, Timeout: 30 * time.Second}
		defer client.CloseIdleConnections()
		start(20, func(int) {
			for ctx.Err() == nil {
				get(ctx, client, url)
			}
		})()
	})
}

// graceful shuts servers down while a request of three seconds is under way.
func graceful(ctx context.Context) error {
	for ctx.Err() == nil {
		l, err := listen()
		if err != nil {
			return err
		}
		server := &http.Server{Handler: answer(3 * time.Second)}
		ended := start(1, func(int) { server.Serve(l) })
		client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
		asked := start(1, func(int) { get(ctx, client, "http://"+l.Addr().String()) })
		time.Sleep(100 * time.Millisecond)
		limit, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		err = server.Shutdown(limit)
		cancel()
		if err != nil {
			return err
		}
		asked()
		ended()
		client.CloseIdleConnections()
	}
	return nil
}

// slowReader reads 64 kB of its peer every tenth of a second: who writes to it waits, and gets on.
func slowReader(ctx context.Context) error {
	l, err := listen()
	if err != nil {
		return err
	}
	defer l.Close()
	writer, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return err
	}
	reader, err := l.Accept()
	if err != nil {
		return err
	}
	writer.(*net.TCPConn).SetWriteBuffer(64 << 10)
	var mu sync.Mutex
	wait := start(4, func(int) {
		for ctx.Err() == nil {
			mu.Lock()
			writer.Write(make([]byte, 64<<10))
			mu.Unlock()
		}
	})
	buf := make([]byte, 64<<10)
	every(ctx, 100*time.Millisecond, func() { io.ReadFull(reader, buf) })
	reader.Close()
	wait()
	writer.Close()
	return nil
}

// commands runs commands of three seconds that have a deadline.
func commands(ctx context.Context) error {
	for ctx.Err() == nil {
		limit, cancel := context.WithTimeout(ctx, 30*time.Second)
		exec.CommandContext(limit, "sleep", "3").Output()
		cancel()
	}
	return nil
}

// backoff dials a port that nobody listens at, less and less often.
func backoff(ctx context.Context) error {
	for pause := 10 * time.Millisecond; ctx.Err() == nil; pause = min(2*pause, time.Second) {
		if conn, err := net.Dial("tcp", "127.0.0.1:1"); err == nil {
			conn.Close()
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
	return nil
}

// fastPolls look for work by a select with default, a thousand times a second.
func fastPolls(ctx context.Context) error {
	jobs := make(chan int)
	for ctx.Err() == nil {
		select {
		case <-jobs:
		default:
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

// pingPong has two goroutines that hand a value to each other as fast as they can, which takes a processor.
func pingPong(ctx context.Context) error {
	there, back := make(chan int), make(chan int)
	wait := start(1, func(int) {
		for v := range there {
			back <- v + 1
		}
	})
	for n := 0; ctx.Err() == nil; n++ {
		there <- n
		<-back
	}
	close(there)
	wait()
	return nil
}

// batches computes for a third of a second, thousands of locks a batch, and waits for the next one.
func batches(ctx context.Context) error {
	var mu sync.Mutex
	total := 0
	every(ctx, time.Second, func() {
		for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
			mu.Lock()
			total++
			mu.Unlock()
		}
	})
	return nil
}

// slowOutput waits for the end of a command whose output another goroutine reads, slowly: the pipe is full most of the time.
func slowOutput(ctx context.Context) error {
	for ctx.Err() == nil {
		cmd := exec.Command("sh", "-c", "i=0; while [ $i -lt 12000 ]; do echo line $i; i=$((i+1)); done")
		out, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		read := start(1, func(int) {
			for buf := make([]byte, 8<<10); ; time.Sleep(1200 * time.Millisecond) {
				if _, err := out.Read(buf); err != nil || ctx.Err() != nil {
					break
				}
			}
			out.Close()
		})
		cmd.Wait()
		read()
	}
	return nil
}

// filterProcess asks a process now and then, which waits for the next question between, and whose answers and end others wait for.
func filterProcess(ctx context.Context) error {
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	wait := start(2, func(i int) {
		if i == 0 {
			cmd.Process.Wait()
			return
		}
		for buf := make([]byte, 64); ; {
			if _, err := out.Read(buf); err != nil {
				return
			}
		}
	})
	every(ctx, 4*time.Second, func() { io.WriteString(in, "question\n") })
	in.Close()
	wait()
	return nil
}
