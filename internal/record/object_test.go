package record

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
	"github.com/awaittrace/awaittrace/runtime"
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
		{"m.f", "select /a.go:5 m.work \"select { case <-workCtx.Done(); case <-jobs }\" - 3s\n    case recv 0xc1\n" +
			"    case recv 0xc2", false},
		{"m.f", "select /a.go:5 m.work \"select { case <-jobs; case <-ctx.Done() }\" - 3s\n    case recv 0xc1\n" +
			"    case recv 0xc2", true},
		{"m.f", `recv/chan;roles=- /a.go:5 m.work <-server.Done() 0xc1 3s`, true},
		{"context.(*cancelCtx).Done", `recv/chan /a.go:5 m.work <-ctx.Done() 0xc1 3s`, true},
	} {
		text := "taken 1m0s\nobject 0xc1 chan old cap=0\n  made 7 make/chan /b.go:1 " + test.made +
			" \"make(chan struct{})\" 1s exited\n" +
			"  closed 7 close/chan /b.go:2 " + test.made + " close(old) 2s exited\ngoroutine 8 unknown\n  wait " +
			test.wait + "\n"
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
		"chan past cap=0\n  made 8 make/chan /a.go:5 m.f \"make(chan int)\" 1s\n" +
			"  received 7 recv/chan /a.go:5 m.f <-past 1s exited",
		"chan cases cap=0\n  sent 7 send/chan /a.go:6 m.f \"cases <- 1\" 1s exited",
		"mutex mu\n  received 7 unlock/mutex /a.go:7 m.f mu.Unlock() 1s exited",
	} {
		text += fmt.Sprintf("object %#x %s\n", 0xc0+16*addr, object)
	}
	text += "goroutine 8 unknown\n  wait wait/waitgroup /a.go:8 m.f wg.Wait() 0xc0 3s\n" +
		"goroutine 9 unknown\n  wait select /a.go:9 m.f \"select { case <-cases; case <-d }\" - 3s\n" +
		"    case recv 0x110\n    case recv 0x200\n"
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

// TestGroups reads facts of a WaitGroup that are in the slots of goroutines. Those that the object table has are of the
// same WaitGroup or of what was at its address before or after.
func TestGroups(t *testing.T) {
	const addr, sent, received = 0xc0, 8, 9
	text := "taken 1m0s\nobject 0xc0 waitgroup wg\n  sent 8 wait/waitgroup /a.go:1 m.f wg.Add(1) 3s\n" +
		"  received 9 wait/waitgroup /a.go:2 m.g wg.Done() 2s\n" +
		"goroutine 7 unknown\n  wait wait/waitgroup /a.go:3 m.f wg.Wait() 0xc0 1s\ngoroutine 8 unknown\n" +
		"goroutine 9 unknown\n"
	for _, c := range []struct {
		name  string
		bits  uint64
		table func(o *runtime.Object) // what becomes of the object in the table
		want  string
	}{
		{"not in the table", runtime.NotedHere, func(o *runtime.Object) {
			*o = runtime.Object{}
		}, "waitgroup 8 wg.Add(1) 9 wg.Done()"},
		{"over", runtime.NotedHere | runtime.NotedOver, func(o *runtime.Object) {
			*o = runtime.Object{}
		}, "waitgroup 8 wg.Add(1) 9 wg.Done()"},
		{"in the table before", 0, func(o *runtime.Object) { *o = runtime.Object{} }, "waitgroup"},
		{"older ones in the table", runtime.NotedHere, func(o *runtime.Object) {
			o.Sent.Goid, o.Sent.Time, o.Received = 7, o.Sent.Time-1, runtime.Fact{}
		}, "waitgroup 8 wg.Add(1) 9 wg.Done()"},
		{"newer ones in the table", runtime.NotedHere, func(o *runtime.Object) {
			o.Sent.Goid, o.Sent.Time, o.Received = 7, o.Sent.Time+1, runtime.Fact{}
		}, "waitgroup 7 wg.Add(1) 9 wg.Done()"},
		{"one of an older goroutine in the same tick", runtime.NotedHere, func(o *runtime.Object) {
			o.Sent.Goid = 7
		}, "waitgroup 8 wg.Add(1) 9 wg.Done()"},
		{"one of a younger goroutine in the same tick", runtime.NotedHere, func(o *runtime.Object) {
			o.Sent.Goid = 9
		}, "waitgroup 9 wg.Add(1) 9 wg.Done()"},
		{"an older Cond in the table", runtime.NotedHere, func(o *runtime.Object) {
			o.Kind, o.Sent.Goid, o.Sent.Time, o.Received = uint32(runtime.KindCond), 7, o.Received.Time-1,
				runtime.Fact{}
		}, "waitgroup 8 wg.Add(1) 9 wg.Done()"},
		{"a newer Cond in the table", runtime.NotedHere, func(o *runtime.Object) {
			o.Kind, o.Sent.Goid, o.Sent.Time, o.Received = uint32(runtime.KindCond), 7, o.Received.Time+2000,
				runtime.Fact{}
		}, "cond 7 wg.Add(1)"},
	} {
		b := recordtest.Bytes(snaptext.MustParse(text))
		h := load[runtime.Header](b)
		table := unsafe.Slice((*runtime.Object)(unsafe.Pointer(&b[h.ObjOff*pageSize])), h.ObjCap)
		slots := unsafe.Slice((*runtime.Slot)(unsafe.Pointer(&b[h.SlotOff*pageSize])), h.Slots)
		o := &table[slices.IndexFunc(table, func(o runtime.Object) bool { return o.Addr == addr })]
		for i := range slots {
			noted := func(f runtime.Fact) runtime.Noted {
				return runtime.Noted{Obj: addr | c.bits, Entry: runtime.Entry(f.Site) | runtime.Entry(f.Time)<<32}
			}
			switch slots[i].Goid {
			case sent:
				slots[i].Noted[1] = noted(o.Sent)
			case received:
				slots[i].Noted[0] = noted(o.Received)
			}
		}
		c.table(o)
		for _, what := range []part{partWhole, partUsed} {
			s, err := readRecord(source(b), int64(time.Minute), what)
			if err != nil {
				t.Fatal(err)
			}
			got := s.Objects[addr].Kind.String()
			for _, f := range []*snapshot.Fact{s.Objects[addr].Sent, s.Objects[addr].Received} {
				if f != nil {
					got += fmt.Sprintf(" %d %s", f.Goroutine, f.Probe.Expr)
				}
			}
			if got != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
	}
}

// TestMovingGroups checks what is taken of a slot that changes while it is read: an Obj and an Entry that belong
// together.
func TestMovingGroups(t *testing.T) {
	r := newReader(Source{}, runtime.Header{}, 0)
	was := runtime.Slot{Goid: 1}
	was.Noted = [2]runtime.Noted{{Obj: 0xc0 | runtime.NotedHere, Entry: 1}, {Obj: 0xd0 | runtime.NotedHere, Entry: 1}}
	is := was
	is.Noted[0].Entry, is.Noted[1].Obj = 2, 0xe0|runtime.NotedHere
	want := [2]runtime.Noted{is.Noted[0], {}}
	if r.settle(&is, was); is.Noted != want {
		t.Errorf("%v, want %v", is.Noted, want)
	}
}
