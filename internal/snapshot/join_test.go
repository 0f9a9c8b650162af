package snapshot_test

import (
	"testing"

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
	s.Join(live.Goroutines)
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
	s.Join(snaptext.MustParse("goroutine 1 running\n  thread 77\n").Goroutines)
	g := &s.Goroutines[0]
	if len(g.Waits) != 0 || g.Passed == nil || g.Passed.Probe != g.Last || len(g.Passed.Cases) != 2 ||
		g.Passed.Cases[1].Obj != 0xa3 {
		t.Errorf("it is in %+v, and has left %+v", g.Waits, g.Passed)
	}
}
