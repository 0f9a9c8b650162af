// Unbounded growth: a retry that never gives up is started for every request (each backs off longer), as in many "goroutines keep growing" reports.
package growthsleep

import (
	"errors"
	"net/http"
	"time"
)

func deliver(string) error { return errors.New("503") }

func deliverWithRetry(id string) {
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		if deliver(id) == nil {
			return
		}
		time.Sleep(wait) // @sleep
	}
}

func Main() {
	go http.ListenAndServe("127.0.0.1:0", nil)
	for range time.Tick(10 * time.Millisecond) {
		go deliverWithRetry("order") // @start
	}
}
