package snapshot_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

func TestJoin(t *testing.T) {
	s := snaptext.MustParse(`taken 60s
object 0xc0 chan jobs
  sent 7 send/chan a.go:20 main.feed "jobs <- 1" 2s
  received 3 recv/chan a.go:30 main.work <-jobs 1s
goroutine 1 unknown
  wait recv/chan a.go:1 main.main <-done 0xc1 3s
  step recv/chan a.go:1 main.main <-done 3s
goroutine 3 unknown
  wait recv/chan a.go:30 main.work <-jobs 0xc0 3s
  step recv/chan a.go:30 main.work <-jobs 3s
goroutine 4 unknown
  wait once a.go:40 main.init once.Do(load) 0xd0 4s
  step sleep a.go:41 main.load time.Sleep(1) 5s
goroutine 7 unknown
  hold lock/mutex a.go:19 main.feed mu.Lock() 0xa1 1s
  step send/chan a.go:20 main.feed "jobs <- 1" 2s
`)
	live := snaptext.MustParse(`
goroutine 1 waiting "chan receive"
  frame runtime.gopark /go/proc.go:9
goroutine 2 syscall
goroutine 3 running
  thread 77
goroutine 4 runnable
`)
	s.Join(snapshot.Each(live.Goroutines))
	want := `taken 1m0s
states
object 0xc0 chan jobs
  sent 7 send/chan a.go:20 main.feed "jobs <- 1" 2s exited
  received 3 recv/chan a.go:30 main.work <-jobs 1s
goroutine 1 waiting "chan receive"
  wait recv/chan a.go:1 main.main <-done 0xc1 3s
  step recv/chan a.go:1 main.main <-done 3s
  frame runtime.gopark /go/proc.go:9
goroutine 2 syscall
goroutine 3 running
  step recv/chan a.go:30 main.work <-jobs 3s
  thread 77
goroutine 4 runnable
  wait once a.go:40 main.init once.Do(load) 0xd0 4s
  step sleep a.go:41 main.load time.Sleep(1) 5s
orphan 7 lock/mutex a.go:19 main.feed mu.Lock() 0xa1 1s
  last send/chan a.go:20 main.feed "jobs <- 1"
`
	if got := snaptext.Format(s); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestJoinSelect: a goroutine that runs has left the select that its record says it waits in, and goes round in it,
// perhaps.
func TestJoinSelect(t *testing.T) {
	s := snaptext.MustParse(`taken 60s
goroutine 1 unknown
  wait select a.go:1 main.main "select { case <-a; case <-b }" - 3s
    case recv 0xa2
    case recv 0xa3
  step select a.go:1 main.main "select { case <-a; case <-b }" 3s
`)
	s.Join(snapshot.Each(snaptext.MustParse("goroutine 1 running\n  thread 77\n").Goroutines))
	g := &s.Goroutines[0]
	if len(g.Waits) != 0 || g.Passed == nil || g.Passed.Probe != g.Last || len(g.Passed.Cases) != 2 ||
		g.Passed.Cases[1].Obj != 0xa3 {
		t.Errorf("it is in %+v, and has left %+v", g.Waits, g.Passed)
	}
}

// TestJoinAll: every mixture of goroutines that only the record has, only the program, or both, with and without room
// for more in the list of the record.
func TestJoinAll(t *testing.T) {
	const n = 5
	for mix := range 256 * 4 { // two bits for each of the goroutines 1 to 5
		for _, room := range []int{0, n} {
			var s snapshot.Snapshot
			var live []snapshot.Goroutine
			var want []string
			s.Goroutines = make([]snapshot.Goroutine, 0, room)
			for id := range int64(n) {
				which := mix >> (2 * id) & 3
				if which&1 != 0 {
					s.Goroutines = append(s.Goroutines, snapshot.Goroutine{ID: id, State: "unknown", Steps: 1,
						Holds: []snapshot.Hold{{Goroutine: id, Obj: 1}}})
				}
				if which&2 != 0 {
					live = append(live, snapshot.Goroutine{ID: id, State: "waiting"})
					want = append(want, fmt.Sprintf("%d waiting %d", id, which&1))
				}
			}
			orphans := len(s.Goroutines)
			s.Join(snapshot.Each(live))
			var got []string
			for _, g := range s.Goroutines {
				orphans -= int(g.Steps)
				got = append(got, fmt.Sprintf("%d %s %d", g.ID, g.State, g.Steps))
			}
			if !slices.Equal(got, want) || len(s.Orphans) != orphans {
				t.Fatalf("mix %#x, room for %d: got %q and %d orphans, want %q and %d", mix, room, got, len(s.Orphans),
					want, orphans)
			}
		}
	}
}
