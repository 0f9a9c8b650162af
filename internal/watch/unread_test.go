package watch

import (
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestUnread checks that calls are a reason for a closer look, one for each place, if the record does not tell whether
// they end. Servers that wait for clients, calls that have just begun, and calls that a closer look has seen are no
// reason.
func TestUnread(t *testing.T) {
	const commands = "goroutine 1 unknown\n  wait io/process main.go:9 main.main cmd.Wait() - 20s\n" +
		"  step io/process main.go:9 main.main cmd.Wait() 20s\n" +
		"goroutine 2 unknown\n  wait io/process main.go:9 main.main cmd.Wait() - 30s\n" +
		"  step io/process main.go:9 main.main cmd.Wait() 30s\n"
	for text, want := range map[string]int{
		"taken 60s\n" + commands:         1,
		"taken 35s\n" + commands:         1,
		"taken 25s\n" + commands:         0,
		"taken 60s\nstates\n" + commands: 0,
		"taken 60s\n" + commands + "goroutine 3 unknown\n  wait io/conn main.go:19 main.read c.Read(b) - 20s\n" +
			"  step io/conn main.go:19 main.read c.Read(b) 20s\n": 2,
		"taken 60s\nobject 0xc1 cond c\n  sent 2 cond/cond main.go:18 main.tick c.Signal() 1s\ngoroutine 1 unknown\n" +
			"  wait cond/cond main.go:9 main.main c.Wait() 0xc1 20s\n" +
			"  step cond/cond main.go:9 main.main c.Wait() 20s\n" +
			"goroutine 2 unknown\n  wait sleep main.go:19 main.tick time.Sleep(d) - 59s\n" +
			"  step sleep main.go:19 main.tick time.Sleep(d) 59s\n": 1,
		"taken 60s\ngoroutine 1 unknown\n  wait io/listener/serve main.go:9 main.main l.Accept() 0xe1 1s\n" +
			"  step io/listener/serve main.go:9 main.main l.Accept() 1s\n": 0,
	} {
		r := diagnose.Analyze(snaptext.MustParse(text), diagnose.Options{After: 10 * time.Second})
		if a := NewAnswer(r, nil); len(a.Possible) != want || len(a.Findings) != 0 {
			t.Errorf("%d reasons for a closer look and %d findings, want %d and none, of\n%s", len(a.Possible),
				len(a.Findings), want, text)
		}
	}
}

// TestUnreadAgain checks that a place to which goroutines keep coming is looked at closely less and less often.
func TestUnreadAgain(t *testing.T) {
	place := &Answer{Possible: [][]diagnose.Symptom{{{What: "main.go:9:2"}}}}
	deep := 0
	w := newWatcher(Options{After: time.Second, Examine: func(_ *record.Record, q Question) (*Answer, error) {
		deep++
		return &Answer{}, nil
	}}, time.Now())
	w.closer.share = 1 // however little time this test takes
	looks := 0
	for at := 2 * time.Second; at < time.Minute; at += 100 * time.Millisecond {
		before, now := deep, w.started.Add(at)
		w.prove(place, now)
		looks += deep - before
		// Others come to the same place.
		w.prove(&Answer{Possible: [][]diagnose.Symptom{{{What: "stuck", Goroutine: int64(at)}}}}, now)
	}
	if looks < 3 || looks > 7 {
		t.Errorf("it was looked at closely %d times in a minute, want some five", looks)
	}
}
