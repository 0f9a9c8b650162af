// A library's worker, started by its init, that waits for commands and a ticker: it is reported as a leak by others, and is none.
package main

import (
	"net/http"

	"go.opencensus.io/stats"
	"go.opencensus.io/stats/view"
)

func main() {
	m := stats.Int64("requests", "", stats.UnitDimensionless)
	v := &view.View{Measure: m, Aggregation: view.Count()}
	view.Register(v)
	go func() {
		view.Find("x")
	}()
	http.ListenAndServe("127.0.0.1:0", nil)
}
