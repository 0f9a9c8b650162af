package main

import (
	"context"
	"database/sql"
	"net/http"
	"sync"
	"time"
)

// Each of these is the twin of a deadlock or of an exhausted pool.

// quitHandlers end their server in a goroutine of its own, without a limit, while another handler takes its time.
func quitHandlers(ctx context.Context) error {
	for ctx.Err() == nil {
		l, err := listen()
		if err != nil {
			return err
		}
		ended := make(chan struct{})
		mux := http.NewServeMux()
		server := &http.Server{Handler: mux}
		mux.HandleFunc("/slow", func(http.ResponseWriter, *http.Request) { time.Sleep(2500 * time.Millisecond) })
		mux.HandleFunc("/quit", func(http.ResponseWriter, *http.Request) {
			go func() {
				server.Shutdown(context.Background())
				close(ended)
			}()
		})
		served := start(1, func(int) { server.Serve(l) })
		client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
		asked := start(2, func(i int) {
			time.Sleep(time.Duration(i) * 100 * time.Millisecond)
			get(ctx, client, "http://"+l.Addr().String()+[]string{"/slow", "/quit"}[i])
		})
		asked()
		if ctx.Err() != nil {
			server.Close()
		} else {
			<-ended
		}
		served()
		client.CloseIdleConnections()
	}
	return nil
}

// twoServers shuts one server down, whose handler takes a while, and only then closes what a handler of the other waits for.
func twoServers(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	for ctx.Err() == nil {
		news, begun := make(chan struct{}), make(chan struct{}, 2)
		handlers := []http.HandlerFunc{
			func(http.ResponseWriter, *http.Request) { begun <- struct{}{}; <-news },
			func(http.ResponseWriter, *http.Request) { begun <- struct{}{}; time.Sleep(2500 * time.Millisecond) },
		}
		var servers []*http.Server
		var urls []string
		for _, h := range handlers {
			l, err := listen()
			if err != nil {
				return err
			}
			server := &http.Server{Handler: h}
			go server.Serve(l)
			servers, urls = append(servers, server), append(urls, "http://"+l.Addr().String())
		}
		asked := start(2, func(i int) { get(ctx, client, urls[i]) })
		for range handlers {
			<-begun
		}
		servers[1].Shutdown(context.Background())
		close(news)
		asked()
		servers[0].Shutdown(context.Background())
		client.CloseIdleConnections()
	}
	return nil
}

// nestedQueries ask a database for more while they read, and there are enough connections for that.
func nestedQueries(ctx context.Context) error {
	db := sql.OpenDB(slowDriver{})
	defer db.Close()
	db.SetMaxOpenConns(8)
	start(7, func(int) {
		for ctx.Err() == nil {
			if rows, err := db.Query("outer"); err == nil {
				if more, err := db.Query("inner"); err == nil {
					more.Close()
				}
				rows.Close()
			}
		}
	})()
	return nil
}

// A ticket is what somebody waits for until it is complete.
type ticket struct{ complete chan struct{} }

// A desk completes some tickets itself, and hands others on.
type desk struct {
	requests chan *ticket
	news     chan int
	slow     chan *ticket
}

// tickets are completed by the loop that publishes news, or else, a little later, by another goroutine, while the loop waits for the very one who waits for its ticket.
func tickets(ctx context.Context) error {
	d := &desk{requests: make(chan *ticket), news: make(chan int), slow: make(chan *ticket, 1)}
	var wg sync.WaitGroup
	wg.Add(2)
	go func() {
		defer wg.Done()
		for t := range d.slow {
			time.Sleep(2 * time.Second)
			close(t.complete)
		}
	}()
	go func() {
		defer wg.Done()
		defer close(d.slow)
		for n := 0; ; n++ {
			select {
			case t := <-d.requests:
				if n%4 != 0 {
					close(t.complete)
					continue
				}
				d.slow <- t
				select {
				case d.news <- n:
				case <-ctx.Done():
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	for n := 0; ; n++ {
		t := &ticket{make(chan struct{})}
		select {
		case d.requests <- t:
		case <-ctx.Done():
			wg.Wait()
			return nil
		}
		<-t.complete
		if n%4 == 0 {
			select {
			case <-d.news:
			case <-ctx.Done():
			}
		}
	}
}

// eachClient has a transport for each of its clients, which are there from the beginning.
func eachClient(ctx context.Context) error {
	return serve(ctx, answer(0), func(url string) {
		start(14, func(int) {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
			defer client.CloseIdleConnections()
			every(ctx, 200*time.Millisecond, func() { get(ctx, client, url) })
		})()
	})
}

// openBodies has responses in hand while it does something else for three seconds.
func openBodies(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	return serve(ctx, func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, 1<<20)) }, func(url string) {
		start(10, func(int) {
			for ctx.Err() == nil {
				resp, err := client.Get(url)
				if err != nil {
					continue
				}
				select {
				case <-time.After(3 * time.Second):
				case <-ctx.Done():
				}
				resp.Body.Close()
			}
		})()
	})
}
