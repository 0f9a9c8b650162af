package record

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestContexts checks that facts at the address of a context's channel are dropped, because that channel is made
// without a probe and the facts are of an older one. If package context has probes, the facts are the channel's own.
func TestContexts(t *testing.T) {
	for _, test := range []struct {
		made, wait string
		stays      bool
	}{
		{"m.f", `recv/chan /a.go:5 m.work <-ctx.Done() 0xc1 3s`, false},
		{"m.f", `recv/chan /a.go:5 m.work <-r.Context().Done() 0xc1 3s`, false},
		{"m.f", "select /a.go:5 m.work \"select { case <-workCtx.Done(); case <-jobs }\" - 3s\n    case recv 0xc1\n    case recv 0xc2", false},
		{"m.f", "select /a.go:5 m.work \"select { case <-jobs; case <-ctx.Done() }\" - 3s\n    case recv 0xc1\n    case recv 0xc2", true},
		{"m.f", `recv/chan;roles=- /a.go:5 m.work <-server.Done() 0xc1 3s`, true},
		{"context.(*cancelCtx).Done", `recv/chan /a.go:5 m.work <-ctx.Done() 0xc1 3s`, true},
	} {
		text := "taken 1m0s\nobject 0xc1 chan old cap=0\n  made 7 make/chan /b.go:1 " + test.made + " \"make(chan struct{})\" 1s exited\n" +
			"  closed 7 close/chan /b.go:2 " + test.made + " close(old) 2s exited\ngoroutine 8 unknown\n  wait " + test.wait + "\n"
		s, err := readRecord(source(recordtest.Bytes(snaptext.MustParse(text))), int64(time.Minute), partWhole)
		if err != nil {
			t.Fatal(err)
		}
		if o := s.Objects[0xc1]; (o.Made != nil) != test.stays || (o.Closed != nil) != test.stays {
			t.Errorf("%s: made %v, closed %v, want them to stay: %v", test.wait, o.Made, o.Closed, test.stays)
		}
	}
}

// TestUsed checks that UsedSnapshot leaves out objects of the past: WaitGroups and Conds without waiters, and channels
// that no live goroutine has used. An unlock by another goroutine is kept for any lock, because the lock may be held.
func TestUsed(t *testing.T) {
	text := "taken 1m0s\n"
	for addr, object := range []string{
		"waitgroup wg\n  sent 8 wait/waitgroup /a.go:1 m.f wg.Add(1) 1s",
		"waitgroup past\n  sent 8 wait/waitgroup /a.go:2 m.f past.Add(1) 1s",
		"cond past\n  sent 8 cond/cond /a.go:3 m.f past.Signal() 1s",
		"chan c.done cap=0\n  closed 8 close/chan /a.go:4 m.f close(c.done) 1s",
		"chan past cap=0\n  made 8 make/chan /a.go:5 m.f \"make(chan int)\" 1s\n  received 7 recv/chan /a.go:5 m.f <-past 1s exited",
		"chan cases cap=0\n  sent 7 send/chan /a.go:6 m.f \"cases <- 1\" 1s exited",
		"mutex mu\n  received 7 unlock/mutex /a.go:7 m.f mu.Unlock() 1s exited",
	} {
		text += fmt.Sprintf("object %#x %s\n", 0xc0+16*addr, object)
	}
	text += "goroutine 8 unknown\n  wait wait/waitgroup /a.go:8 m.f wg.Wait() 0xc0 3s\n" +
		"goroutine 9 unknown\n  wait select /a.go:9 m.f \"select { case <-cases; case <-d }\" - 3s\n    case recv 0x110\n    case recv 0x200\n"
	src := source(recordtest.Bytes(snaptext.MustParse(text)))
	names := func(what part) string {
		s, err := readRecord(src, int64(time.Minute), what)
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, o := range s.Objects {
			list = append(list, o.Expr)
		}
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	if got, want := names(partUsed), "c.done cases d mu wg"; got != want {
		t.Errorf("used are %q, want %q", got, want)
	}
	if got, want := names(partWhole), "c.done cases d mu past past past wg"; got != want {
		t.Errorf("all are %q, want %q", got, want)
	}
}
