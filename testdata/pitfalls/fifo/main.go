// Fifo opens a named pipe that nobody writes to: a blocking system call, which takes no context and holds its thread until it returns.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

func load(name string, config chan<- string) {
	data, err := os.ReadFile(name)
	if err != nil {
		fmt.Println(err)
	}
	config <- string(data)
}

func main() {
	dir, err := os.MkdirTemp("", "fifo")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "config")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	config := make(chan string)
	go load(name, config)
	interrupt := make(chan os.Signal, 1)
	signal.Notify(interrupt, os.Interrupt)
	select {
	case c := <-config:
		fmt.Println("config:", c)
	case <-interrupt:
	}
}
