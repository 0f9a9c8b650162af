// Package heldthreads locks a file in each of its requests: a lock that another program holds keeps a thread for every one of them.
package heldthreads

import (
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

func update(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil { // @flock
		return err
	}
	_, err = f.WriteString("x")
	return err
}

func Main() {
	dir, err := os.MkdirTemp("", "heldthreads")
	if err != nil {
		panic(err)
	}
	path := filepath.Join(dir, "state.lock")
	held, err := os.Create(path) // as another program would
	if err != nil {
		panic(err)
	}
	syscall.Flock(int(held.Fd()), syscall.LOCK_EX)
	time.Sleep(50 * time.Millisecond)
	for range 30 {
		go update(path)
	}
	http.ListenAndServe("127.0.0.1:0", nil)
	held.Close()
}
