package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func init() {
	add("http", httpForms)
	add("tls", tlsForms)
	add("signal", signals)
}

type flusher struct{ http.ResponseWriter }

func (f flusher) Flush() { f.ResponseWriter.(http.Flusher).Flush() }

func httpForms() {
	mux := http.NewServeMux()
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s", r.Method, body)
		flusher{w}.Flush()
		w.Write([]byte("!"))
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
	})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		say(err)
		return
	}
	srv := &http.Server{Handler: mux}
	served := make(chan error)
	go func() { served <- srv.Serve(l) }()
	base := "http://" + l.Addr().String()
	resp, err := http.Get(base + s("/echo"))
	say(body(resp, err))
	resp, err = http.Post(base+"/echo", "text/plain", strings.NewReader("posted"))
	say(body(resp, err))
	say(body(http.PostForm(base+"/echo", map[string][]string{"a": {"b"}})))
	client := &http.Client{Timeout: 20 * time.Millisecond}
	_, err = client.Get(base + "/slow")
	ne, ok := err.(net.Error)
	say(ok && ne.Timeout())
	req, _ := http.NewRequest("PUT", base+"/echo", strings.NewReader("put"))
	say(body(http.DefaultClient.Do(req)))
	req, _ = http.NewRequest("GET", base+"/echo", nil)
	say(body(http.DefaultTransport.RoundTrip(req)))
	_, err = http.Get(base + "/panic")
	say(errors.Is(err, io.EOF))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	http.DefaultClient.CloseIdleConnections()
	say(srv.Shutdown(ctx), <-served)
	ts := httptest.NewServer(mux)
	say(body(ts.Client().Get(ts.URL + "/echo")))
	ts.Close()
	_, err = http.Get("http://127.0.0.1:0/")
	say(err != nil)
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, httptest.NewRequest("GET", "/echo", nil))
	say(rec.Body.String())
}

func body(resp *http.Response, err error) string {
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	return fmt.Sprint(resp.StatusCode, " ", string(data), " ", err)
}

func tlsForms() {
	ts := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "secure") }))
	defer ts.Close()
	resp, err := ts.Client().Get(ts.URL)
	say(body(resp, err))
	conn, err := tls.Dial("tcp", ts.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	say(err)
	say(conn.Handshake())
	fmt.Fprint(conn, "GET / HTTP/1.0\r\n\r\n")
	p := make([]byte, 8)
	say(io.ReadFull(conn, p))
	say(string(p), conn.Close())
}

func signals() {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGUSR1)
	syscall.Kill(syscall.Getpid(), syscall.SIGUSR1)
	say(<-ch)
	signal.Stop(ch)
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGUSR2)
	defer stop()
	syscall.Kill(os.Getpid(), syscall.SIGUSR2)
	<-ctx.Done()
	say(ctx.Err())
	fds := make([]int, 2)
	say(syscall.Pipe(fds))
	say(syscall.Write(fds[1], []byte("raw")))
	p := make([]byte, 8)
	say(syscall.Read(fds[0], p))
	syscall.Close(fds[0])
	syscall.Close(fds[1])
}
