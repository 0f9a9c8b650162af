// An item is deleted by the function that goes through all items of a cache.
package main

import (
	"net/http"
	"time"

	"github.com/muesli/cache2go"
)

func main() {
	table := cache2go.Cache("sessions")
	for _, key := range []string{"a", "b", "c"} {
		table.Add(key, 0, key)
	}
	go table.Foreach(func(key any, item *cache2go.CacheItem) { // @foreach
		if item.Data() != "a" {
			table.Delete(key) // @delete
		}
	})
	time.Sleep(100 * time.Millisecond)
	for range 3 {
		go table.Value("a") // @value
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
