// Package closedselect goes round a select of which a channel is closed: it does not look at ok.
package closedselect

import (
	"net/http"
	"time"
)

type event struct{ key string }

func watch(events chan event, stop chan struct{}) {
	for {
		select { // @select
		case e := <-events:
			if e.key == "" {
				continue
			}
		case <-stop:
			return
		}
	}
}

func Main() {
	events := make(chan event)
	go watch(events, make(chan struct{}))
	events <- event{"config"}
	time.Sleep(100 * time.Millisecond)
	go func() {
		close(events) // @close
	}()
	http.ListenAndServe("127.0.0.1:0", nil)
}
