package main

import (
	"net"
	"os"
	"syscall"
)

// startIO waits for the kernel.
//
//go:noinline
func startIO() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		l.Accept() // io
	}()
	l2, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	c, err := net.Dial("tcp", l2.Addr().String())
	if err != nil {
		panic(err)
	}
	keep = append(keep, l2)
	answer := make(chan int)
	go func() {
		c.Read(make([]byte, 1)) // io
		answer <- 1
	}()
	go func() {
		<-answer // goroutine: it reads from a connection
	}()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		panic(err)
	}
	f := os.NewFile(uintptr(fds[0]), "socket")
	u, err := net.FileConn(f)
	if err != nil {
		panic(err)
	}
	f.Close()
	go func() {
		u.Read(make([]byte, 1)) // io: nobody has the other end
	}()
	var p [2]int
	if err := syscall.Pipe(p[:]); err != nil {
		panic(err)
	}
	inCall := make(chan int)
	go func() {
		syscall.Read(p[0], make([]byte, 1)) // io: in a system call
		close(inCall)
	}()
	go func() {
		<-inCall // goroutine: it is in a system call
	}()
}
