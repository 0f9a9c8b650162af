// Waits has a goroutine in each kind of wait. A comment behind a call says what a reader must find there: the goroutine's state and, after a
// colon, its reason. It prints a JSON object with the addresses of its objects and its file descriptors, then a line for
// each SIGUSR1 that it gets.
//
//	waits [goroutines]    that many more, which all wait on one channel
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

var (
	empty  = make(chan int)
	full   = make(chan string, 2)
	closed = make(chan bool)
	mu     sync.Mutex
	rw     sync.RWMutex
	wg     sync.WaitGroup
	cond   = sync.NewCond(new(sync.Mutex))
)

// A box has a method that waits with a value of a type parameter.
type box[T any] struct{ ch chan T }

//go:noinline
func (b box[T]) take() T {
	return <-b.ch // want waiting:chan receive
}

//go:noinline
func crowd() {
	<-empty
}

func main() {
	usr1 := make(chan os.Signal, 1)
	signal.Notify(usr1, syscall.SIGUSR1)
	n := 1
	if len(os.Args) > 1 {
		n, _ = strconv.Atoi(os.Args[1])
	}
	for range n {
		go crowd() // creator of crowd
	}
	waits()
	fds := inputs()
	settle()
	go spin()
	for counter.Load() < 2 {
		time.Sleep(time.Millisecond) // until it is in its loop
	}

	facts := map[string]any{
		"counter": fmt.Sprintf("%p", &counter),
		"empty":   fmt.Sprintf("%p", empty), "full": fmt.Sprintf("%p", full), "closed": fmt.Sprintf("%p", closed),
		"wg":  fmt.Sprintf("%p", &wg),
		"fds": fds,
	}
	line, _ := json.Marshal(facts)
	fmt.Println(string(line))
	for {
		<-usr1 // want waiting:chan receive
		fmt.Println("SIGUSR1")
	}
}

// waits starts the goroutines that wait for each other.
func waits() {
	full <- "one"
	full <- "two"
	close(closed)
	go func() {
		full <- "three" // want waiting:chan send
	}()
	go func() {
		select { // want waiting:select
		case <-empty:
		case full <- "four":
		}
	}()
	go func() {
		select {} // want waiting:select (no cases)
	}()
	go func() {
		box[string]{make(chan string)}.take()
	}()
	mu.Lock()
	go func() {
		mu.Lock() // want waiting:sync.Mutex.Lock
	}()
	rw.RLock()
	go func() {
		rw.Lock() // want waiting:sync.RWMutex.Lock
	}()
	wg.Add(3)
	go func() {
		wg.Wait() // want waiting:sync.WaitGroup.Wait
	}()
	go func() {
		cond.L.Lock()
		cond.Wait() // want waiting:sync.Cond.Wait
	}()
	go func() {
		time.Sleep(time.Hour) // want waiting:sleep
	}()
}

// counter tells whether the program runs.
var counter atomic.Uint64

// spin has something before its loop. Otherwise an instruction of the loop belongs to the line of func, and it may be seen there.
//
//go:noinline
func spin() {
	counter.Add(1)
	for ; ; counter.Add(1) { // want running:
	}
}

// inputs starts the goroutines that wait for the operating system, and returns their descriptors and processes.
func inputs() map[string]int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	accepted := make(chan *net.TCPConn)
	go func() {
		for {
			c, err := l.Accept() // want waiting:IO wait
			check(err)
			accepted <- c.(*net.TCPConn)
		}
	}()
	quiet, err := net.Dial("tcp", l.Addr().String()) // nobody writes to it
	check(err)
	keep(<-accepted)
	deaf, err := net.Dial("tcp", l.Addr().String()) // nobody reads from it
	check(err)
	full := <-accepted
	keep(deaf)
	check(quiet.SetReadDeadline(time.Now().Add(time.Hour)))
	go func() {
		bufio.NewReader(quiet).ReadString('\n') // want waiting:IO wait
	}()
	go func() {
		full.Write(make([]byte, 64<<20)) // want waiting:IO wait
	}()
	r, w, err := os.Pipe()
	check(err)
	keep(w)
	go func() {
		r.Read(make([]byte, 1)) // want waiting:IO wait
	}()
	sleep := exec.Command("sleep", "1000")
	check(sleep.Start())
	go func() {
		sleep.Wait() // want syscall:
	}()
	fds := map[string]int{"accept": fd(l.(*net.TCPListener)), "read": fd(quiet.(*net.TCPConn)), "write": fd(full), "pipe": fd(r), "process": sleep.Process.Pid}
	return fds
}

// kept are files and connections that must not be closed.
var kept []any

func keep(c any) { kept = append(kept, c) }

// settle returns when all goroutines are where they stay: none has work to do, and the only system calls are those that wait for a signal and
// for the process.
func settle() {
	buf := make([]byte, 64<<20)
	for {
		time.Sleep(10 * time.Millisecond)
		dump := buf[:runtime.Stack(buf, true)]
		if !bytes.Contains(dump, []byte(" [runnable")) && bytes.Count(dump, []byte(" [syscall")) == 2 {
			return
		}
	}
}

// fd returns the descriptor of a connection, listener or file, which goes on belonging to it.
func fd(c syscall.Conn) int {
	rc, err := c.SyscallConn()
	check(err)
	n := -1
	rc.Control(func(fd uintptr) { n = int(fd) })
	return n
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
