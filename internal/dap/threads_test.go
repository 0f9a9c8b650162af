package dap

import (
	"fmt"
	"testing"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// Editors list threads as they come: what the report tells first is in front, whatever the numbers of its goroutines.
func TestWorstFirst(t *testing.T) {
	s, err := snaptext.Parse(`taken 60s
object 0xa1 mutex a.mu
object 0xb1 mutex b.mu
goroutine 1 waiting "sync.WaitGroup.Wait"
  wait wait/waitgroup main.go:9 main.main wg.Wait() 0xf0 1s
  step wait/waitgroup main.go:9 main.main wg.Wait() 1s
goroutine 7 waiting "sync.Mutex.Lock"
  wait lock/mutex main.go:31 main.ab b.mu.Lock() 0xb1 48s
  hold lock/mutex main.go:30 main.ab a.mu.Lock() 0xa1 47s
  step lock/mutex main.go:31 main.ab b.mu.Lock() 48s
goroutine 8 waiting "sync.Mutex.Lock"
  wait lock/mutex main.go:41 main.ba a.mu.Lock() 0xa1 47500ms
  hold lock/mutex main.go:40 main.ba b.mu.Lock() 0xb1 47s
  step lock/mutex main.go:41 main.ba a.mu.Lock() 47500ms
`)
	if err != nil {
		t.Fatal(err)
	}
	r := diagnose.Analyze(s, diagnose.Options{})
	list := []thread{{ID: 2}, {ID: 1}, {ID: 8}, {ID: 7}, {ID: 9}}
	worstFirst(list, r)
	var got []int64
	for _, thread := range list {
		got = append(got, thread.ID)
	}
	if want := "[8 7 1 2 9]"; fmt.Sprint(got) != want {
		t.Errorf("threads are in the order %v, want %s; %d findings", got, want, len(r.Findings))
	}
}
