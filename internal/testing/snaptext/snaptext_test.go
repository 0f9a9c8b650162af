package snaptext

import (
	"strings"
	"testing"
)

const whole = `taken 1m0s
state stopped
unwatched 5s
states
cpu 3s
memory kept=4096 paused=1ms
start /m/lib@v1/a.go:9 main.open main.go:7 main.main main.go:5
dropped "objects forgotten" 3
object 0xa1 chan jobs[i] len=4 cap=4
  made 1 make/chan main.go:5 main.main "make(chan int, 4)" 0s
  sent 3 send/chan main.go:20:3 main.feed "jobs <- 1" 12s exited
object 0xe1 conn conn
  io local=1.2.3.4:5 remote=6.7.8.9:10 "peer=pid 9 (x)" "lock=pid 8 (y)" unsent=0 unread=7 reaped "waiter=pid 8 (y)" fd=7 writes user=1 user=2 across=1 across=7 handler=7 handler=9
goroutine 7 waiting "chan send"
  wait select/default main.go:31 main.worker "select { case <-a }" - 12s
    case recv 0xa1
    case send -
    more 3
  wait io/listener/serve main.go:30 main.worker l.Accept() 0xe1 11s
  hold rlock/rwmutex main.go:29 main.worker mu.RLock() 0xb1 10s read
  step select/default main.go:31 main.worker "select { case <-a }" 12s
  steps 100
  created 1 main.main main.go:5
  frame main.worker main.go:31
  thread 4711
  owner 0xa1
  ends 0xa2
  born 1s
  blocked 12s never
    on recv chan 0xa1 len=0 cap=4 "type=chan int" name=main.jobs
    on send chan 0xa2
    on - mutex 0xb1
    near 8 main.f main.go:9
  reach live more=2
    waker goroutine 8 main.go:9 - "global main.m" map
    waker timer time.go:3 time.sendTime
    waker global - main.m
  keeps 100
orphan 9 lock/mutex main.go:40 main.f "\"x\".Lock()" 0xc1 10s
  last close/chan main.go:41 main.f close(c)
before
taken 50s
goroutine 7 waiting
  blocked
    on - - 0xb1
`

func TestRoundTrip(t *testing.T) {
	s, err := Parse("# a comment\n\n" + strings.ReplaceAll(whole, "\n", "  # another\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := Format(s); got != whole {
		t.Errorf("got:\n%s\nwant:\n%s", got, whole)
	}
	if g := s.Goroutines[0]; g.Last != g.Waits[0].Probe || g.LastAt != 12e9 {
		t.Errorf("the last probe is not the one that the goroutine waits at: %+v", g)
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]string{
		"taken soon":                             `line 1: "soon" is no time`,
		"\nnonsense":                             `line 2: "nonsense" is not known`,
		"made 1":                                 "not here",
		"goroutine":                              "too short",
		"goroutine 1 running x y":                "too much",
		"goroutine 1 running\n case recv 0x1":    "not here",
		"goroutine 1 running\n hold lock a.go f": "no position",
		"goroutine 1 running\n hold eat a.go:1 f x 0x1 1s": "no operation",
		"object 0x1 cake":       "no kind",
		`dropped "without end`:  "quote without end",
		"object 0x1 chan len=x": "no number",
	} {
		if _, err := Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse(%q): %v, want %q", text, err, want)
		}
	}
}
