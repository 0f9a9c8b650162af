// Iorun does I/O in every form that has a probe, and prints what comes of it.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// at prints the line of its caller, and returns v.
func at[T any](v T) T {
	_, file, line, _ := runtime.Caller(1)
	fmt.Printf("%s:%d %v\n", filepath.Base(file), line, v)
	return v
}

// try prints what f panics with.
func try(name string, f func()) {
	defer func() { fmt.Println(name, "recovered:", recover()) }()
	f()
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

type session struct {
	net.Conn
	name string
}

func main() {
	pipe()
	tcp()
	udp()
	files()
	process()
	web()
	deferred()
	values()
	panics()
}

func pipe() {
	a, b := net.Pipe()
	s := &session{a, "a"}
	go s.Write([]byte("hello\n"))
	line, err := bufio.NewReader(b).ReadString('\n')
	fmt.Printf("%q %v\n", line, err)

	r, w := io.Pipe()
	go io.Copy(w, io.LimitReader(strings.NewReader(strings.Repeat("x", 100)), 10))
	buf := make([]byte, at(10))
	n, err := io.ReadFull(r, buf)
	fmt.Println(n, err, string(buf[:n]))
	go fmt.Fprintln(w, 1, "x", nil, 2.5)
	line, err = bufio.NewReader(r).ReadString('\n')
	fmt.Printf("%q %v\n", line, err)
	go func() { defer w.Close(); fmt.Fprint(w, []any{1, 2}...) }()
	rest, _ := io.ReadAll(r)
	fmt.Println(string(rest))
	b.Close()
	_, err = s.Conn.
		Write(at(make([]byte, 0)))
	fmt.Println(err)
}

func tcp() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	defer l.Close()
	got := make(chan string)
	go func() {
		c, err := l.Accept()
		check(err)
		defer c.Close()
		var v struct{ A, B int }
		check(json.NewDecoder(c).Decode(&v))
		got <- fmt.Sprint(v)
		_, err = c.(*net.TCPConn).ReadFrom(strings.NewReader("bye"))
		check(err)
	}()
	dial := func() (string, string) { return "tcp", l.Addr().String() }
	c, err := net.Dial(dial())
	check(err)
	check(json.NewEncoder(c).Encode(map[string]int{"A": 1, "B": 2}))
	fmt.Println(<-got)
	all, err := io.ReadAll(c)
	fmt.Println(string(all), err)
}

func udp() {
	l, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	check(err)
	c, err := net.DialUDP("udp", nil, l.LocalAddr().(*net.UDPAddr))
	check(err)
	go c.Write([]byte("datagram"))
	b := make([]byte, 100)
	n, oobn, flags, from, err := l.ReadMsgUDP(b, nil)
	fmt.Println(string(b[:n]), oobn, flags, from.IP, err)
}

func files() {
	dir, err := os.MkdirTemp("", "iorun")
	check(err)
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "f")
	check(os.WriteFile(name, []byte("one\ntwo\n"), 0o600))
	f, err := os.Open(name)
	check(err)
	for scan := bufio.NewScanner(f); scan.Scan(); {
		fmt.Println(scan.Text())
	}
	if _, err := (*os.File).Write(f, []byte("x")); err != nil {
		fmt.Println(errors.Is(err, os.ErrPermission), err != nil)
	}
	_, err = os.ReadFile(name + "x")
	fmt.Println(errors.Is(err, os.ErrNotExist))
}

func process() {
	out, err := exec.Command("sh", "-c", "echo out; exit 3").Output()
	fmt.Println(string(out), err)
	cmd := exec.Command("cat")
	cmd.Stdin = strings.NewReader("in")
	out, err = cmd.CombinedOutput()
	fmt.Println(string(out), err)
}

func web() {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer w.(http.Flusher).Flush()
		defer fmt.Fprintln(w, "second")
		body, _ := io.ReadAll(r.Body)
		w.Write(append(body, '\n'))
	}))
	defer s.Close()
	resp, err := http.Post(s.URL, "text/plain", strings.NewReader("first"))
	check(err)
	defer resp.Body.Close()
	io.Copy(os.Stdout, resp.Body)
	var rt http.RoundTripper = http.DefaultTransport
	req, _ := http.NewRequest("GET", s.URL, nil)
	resp, err = rt.RoundTrip(req)
	check(err)
	resp.Write(io.Discard)
	s.CloseClientConnections()
	s.Close()
}

// recovers is a writer that recovers from the panic that runs its caller's deferred calls.
type recovers struct{}

func (recovers) Write(p []byte) (int, error) {
	fmt.Println("Write", string(p), recover())
	return len(p), nil
}

func deferred() {
	for i := 0; i < 2; i++ {
		func() {
			var w io.Writer = recovers{}
			p := []byte{'0' + byte(i)}
			defer w.Write(p)
			defer io.WriteString(os.Stdout, fmt.Sprintln("second", at(i)))
			w, p = nil, nil
			if i == 1 {
				panic("stopped by Write")
			}
		}()
	}
	try("nil writer", func() {
		var w io.Writer
		defer fmt.Println("first")
		defer w.Write(nil)
		fmt.Println("not reached")
	})
	func() {
		i := 0
	again:
		defer fmt.Println("again", i)
		if i++; i < 3 {
			goto again
		}
	}()
}

var readFile = os.ReadFile

func values() {
	_, err := readFile("/nonexistent")
	fmt.Println(err)
	var buf bytes.Buffer
	var w io.Writer = &buf
	write := w.Write
	w = nil
	write([]byte("kept"))
	fmt.Println(buf.String())
	var copied func(io.Writer, io.Reader) (int64, error) = io.Copy
	fmt.Println(copied(&buf, strings.NewReader("more")))
	fmt.Printf("%T %T %T\n", net.Dial, (*os.File).Sync, fmt.Fprintf)
	print := fmt.Sprint
	for _, f := range []func(...any) (int, error){fmt.Print, fmt.Println} {
		f(print(1), "x", nil)
	}
	try("method value of a nil interface", func() {
		f := w.Write
		fmt.Println("not reached", f != nil)
	})
}

func panics() {
	try("nil interface", func() {
		var c net.Conn
		c.Write(at([]byte(nil)))
	})
	try("nil pointer on the way", func() {
		var s *session
		s.Read(nil)
	})
	try("nil file", func() {
		var f *os.File
		_, err := f.Read(nil)
		fmt.Println(err)
	})
	try("go with a nil interface", func() {
		var c net.Conn
		go c.Read(nil)
	})
	defer func() {
		recover()
		buf := make([]byte, 4096)
		for _, line := range strings.Split(string(buf[:runtime.Stack(buf, false)]), "\n") {
			if i := strings.Index(line, "main.go:"); i >= 0 {
				fmt.Println(strings.Fields(line[i:])[0])
			}
		}
	}()
	panicking().
		Read(
			nil)
}

type bad struct{}

func (bad) Read([]byte) (int, error) {
	panic("bad")
}

func panicking() io.Reader { return bad{} }
