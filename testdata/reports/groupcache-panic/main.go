// github.com/mailgun/groupcache #38: a Getter panics; every later Get of that key waits.
package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/mailgun/groupcache/v2"
)

func main() {
	group := groupcache.NewGroup("users", 1<<20, groupcache.GetterFunc(func(ctx context.Context, id string, dest groupcache.Sink) error {
		var row map[string]string
		row["id"] = id // the upstream had no such user
		return dest.SetString(id, time.Time{})
	}))
	lookup := func(id string) (s string, err error) {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("recovered: %v", r)
			}
		}()
		err = group.Get(context.Background(), id, groupcache.StringSink(&s)) // @get
		return s, err
	}
	go lookup("42")
	time.Sleep(200 * time.Millisecond)
	for i := 0; i < 5; i++ {
		go lookup("42")
	}
	http.ListenAndServe("127.0.0.1:0", nil)
}
