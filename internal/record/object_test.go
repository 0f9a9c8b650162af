package record

import (
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// TestContexts: the channel of a context is made without a probe. What is on record at its address is of another channel, which is gone; where package
// context has probes, it is its own.
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
		s, err := readRecord(source(recordtest.Bytes(snaptext.MustParse(text))), int64(time.Minute), false)
		if err != nil {
			t.Fatal(err)
		}
		if o := s.Objects[0xc1]; (o.Made != nil) != test.stays || (o.Closed != nil) != test.stays {
			t.Errorf("%s: made %v, closed %v, want them to stay: %v", test.wait, o.Made, o.Closed, test.stays)
		}
	}
}
