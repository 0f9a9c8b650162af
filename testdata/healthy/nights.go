package main

import (
	"context"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// quickly is how often all is quick in quietNight before it takes long.
const quickly = 30

// quietNight has waits that take milliseconds, again and again, until one takes the whole night: for the next message, for news, for the jobs of a large batch,
// and for a consumer that has to read first.
func quietNight(ctx context.Context) error {
	var wg sync.WaitGroup
	for _, f := range []func(context.Context) error{nightMessages, nightNews, nightBatch, nightReader} {
		f := f
		wg.Add(1)
		go func() {
			defer wg.Done()
			f(ctx)
		}()
	}
	wg.Wait()
	return nil
}

// nightMessages receives from who has nothing more to say.
func nightMessages(ctx context.Context) error {
	messages := make(chan int)
	wait := start(1, func(int) {
		for range messages {
		}
	})
	for i := 0; i < quickly; i++ {
		time.Sleep(10 * time.Millisecond)
		messages <- i
	}
	<-ctx.Done()
	close(messages)
	wait()
	return nil
}

// nightNews polls a server that has no more news.
func nightNews(ctx context.Context) error {
	var asked int32
	return serve(ctx, func(w http.ResponseWriter, r *http.Request) {
		if atomic.AddInt32(&asked, 1) > quickly {
			<-r.Context().Done()
			return
		}
		time.Sleep(10 * time.Millisecond)
		hello(w, r)
	}, func(url string) {
		client := &http.Client{Transport: &http.Transport{}}
		defer client.CloseIdleConnections()
		for ctx.Err() == nil {
			get(ctx, client, url)
		}
	})
}

// nightBatch waits for batches of jobs, the last of which is large.
func nightBatch(ctx context.Context) error {
	for i := 0; ctx.Err() == nil; i++ {
		var jobs sync.WaitGroup
		for k := 0; k < 3; k++ {
			jobs.Add(1)
			go func() {
				defer jobs.Done()
				for time.Sleep(10 * time.Millisecond); i >= quickly && ctx.Err() == nil; {
					time.Sleep(300 * time.Millisecond)
				}
			}()
		}
		jobs.Wait()
	}
	return nil
}

// nightReader sends to a consumer that reads what it needs for the next value.
func nightReader(ctx context.Context) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	defer r.Close()
	values := make(chan int)
	wait := start(1, func(int) {
		b := make([]byte, 1)
		for range values {
			r.Read(b)
		}
	})
	go func() {
		for i := 0; i < quickly; i++ {
			time.Sleep(10 * time.Millisecond)
			w.Write([]byte{1})
		}
		<-ctx.Done()
		w.Close()
	}()
	for ctx.Err() == nil {
		values <- 1
	}
	close(values)
	wait()
	return nil
}
