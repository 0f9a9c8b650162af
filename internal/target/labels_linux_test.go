//go:build amd64 || arm64

package target

import (
	"context"
	"fmt"
	"testing"
)

// TestLabels reads the profiler labels of the program of package reach's test, which reads them without a debugger's
// help.
func TestLabels(t *testing.T) {
	t.Parallel()
	p := start(t, build(t, "../../reach/testdata/labels.go"), "{}")
	res, err := Read(context.Background(), Target{Pid: p.pid}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]map[string]string)
	for _, g := range res.Goroutines {
		if g.Labels != nil {
			got[g.Labels["name"]] = g.Labels
		}
	}
	want := map[string]string{"name": "three", "path": "/transfer", "trace_id": "4bf92f3577b34da6"}
	if len(got) != 5 || fmt.Sprint(got["three"]) != fmt.Sprint(want) || len(got["many"]) != 21 {
		t.Errorf("labels %v, want five sets, one of them %v, and one of 21", got, want)
	}
}
