// go.etcd.io/bbolt, numtide/treefmt #408: a second Open of the same file waits for the file's lock without an end.
package main

import (
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
)

type cache struct {
	mu sync.Mutex
	db *bolt.DB
}

func (c *cache) open(path string) error {
	c.mu.Lock() // @lock
	defer c.mu.Unlock()
	if c.db != nil {
		return nil
	}
	db, err := bolt.Open(path, 0o600, nil) // @open
	c.db = db
	return err
}

func main() {
	dir, _ := os.MkdirTemp("", "bb")
	path := filepath.Join(dir, "cache.db")
	first, second := &cache{}, &cache{}
	if err := first.open(path); err != nil {
		panic(err)
	}
	go second.open(path)
	time.Sleep(100 * time.Millisecond)
	for i := 0; i < 3; i++ {
		go second.open(path)
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
