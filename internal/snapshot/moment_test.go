package snapshot_test

import (
	"testing"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestWithout takes two pauses out of what is told of a program.
func TestWithout(t *testing.T) {
	s := snaptext.MustParse(`taken 100s
object 0xa1 mutex mu
  received 1 unlock/mutex main.go:3 main.main mu.Unlock() 5s
goroutine 1 waiting
  wait lock/mutex main.go:5 main.main mu.Lock() 0xa1 20s
  hold lock/mutex main.go:4 main.main other.Lock() 0xb1 45s
  step lock/mutex main.go:5 main.main mu.Lock() 20s
  step lock/mutex main.go:4 main.main other.Lock() 95s
`)
	s.Without([]snapshot.Pause{{10e9, 15e9}, {40e9, 50e9}, {90e9, 200e9}})
	g := &s.Goroutines[0]
	for name, got := range map[string][2]int64{
		"fact":  {s.Objects[0xa1].Received.At, 30e9}, // 5s, 10s and the 10s that the last pause has had so far
		"wait":  {g.Waits[0].Since, 40e9},
		"hold":  {g.Holds[0].Since, 60e9}, // it was taken in a pause, as far as clocks agree
		"last":  {g.LastAt, 40e9},
		"step":  {g.History[1].At, 100e9},
		"taken": {s.Taken, 100e9},
	} {
		if got[0] != got[1] {
			t.Errorf("%s at %v, want %v", name, got[0], got[1])
		}
	}
}
