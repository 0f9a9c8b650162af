// A logger's goroutine that flushes files all five seconds, which is reported as a leak by others, and is none.
package main

import (
	"net/http"

	"k8s.io/klog/v2"
)

func main() {
	klog.Info("started")
	http.ListenAndServe("127.0.0.1:0", nil)
}
