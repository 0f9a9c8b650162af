// The callback of an LRU cache looks at the cache that evicts.
package main

import (
	"net/http"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
)

type session struct{ user string }

func main() {
	var cache *expirable.LRU[string, *session]
	cache = expirable.NewLRU(10, func(string, *session) {
		println(cache.Len()) // @len
	}, time.Minute)
	go func() {
		cache.Add("a", &session{"ann"})
		cache.Remove("a") // @remove
	}()
	time.Sleep(100 * time.Millisecond)
	for range 4 {
		go cache.Get("b") // @get
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
