package inspect

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// bank is two goroutines that wait for each other's locks, one that queues, and one that waits on a connection.
const bank = `taken 60s
state stopped
states
object 0xa1 mutex from.mu
object 0xb1 mutex to.mu
object 0xc1 chan jobs len=1 cap=2
  made 1 make/chan main.go:5:1 main.main "make(chan job, 2)" 1s
object 0xe1 conn conn
  io local=127.0.0.1:4000 remote=127.0.0.1:5000 unsent=10 unread=0
goroutine 1 waiting select
  wait select main.go:9:2 main.main "select { case <-jobs; case <-quit }" - 5s
    case recv 0xc1
    case recv -
    more 2
  step select main.go:9:2 main.main "select { case <-jobs; case <-quit }" 5s
goroutine 2 waiting "IO wait"
  wait io/conn main.go:11:7 main.serve conn.Read(b) 0xe1 20s
  step io/conn main.go:11:7 main.serve conn.Read(b) 20s
goroutine 7 waiting "sync.Mutex.Lock"
  wait lock/mutex main.go:31:2 main.move to.mu.Lock() 0xb1 48s
  hold lock/mutex main.go:30:2 main.move from.mu.Lock() 0xa1 47s
  step lock/mutex main.go:31:2 main.move to.mu.Lock() 48s
  step lock/mutex main.go:30:2 main.move from.mu.Lock() 47s
goroutine 8 waiting "sync.Mutex.Lock"
  wait lock/mutex main.go:31:2 main.move to.mu.Lock() 0xa1 47s
  hold lock/mutex main.go:30:2 main.move from.mu.Lock() 0xb1 47s
  step lock/mutex main.go:31:2 main.move to.mu.Lock() 47s
goroutine 9 running
`

// A fake is a debugger that has stopped the program of a snapshot.
type fake struct {
	snap     *snapshot.Snapshot
	selected int64
}

func (f fake) Report(_ context.Context, opt diagnose.Options) (*diagnose.Report, error) {
	if f.snap == nil {
		return nil, errors.New("the program has exited")
	}
	return diagnose.Analyze(f.snap, opt), nil
}

func (f fake) Selected() int64 { return f.selected }

func (f fake) Address(expr string) (uint64, error) {
	if expr == "to.mu" || expr == "-p" {
		return 0xb1, nil
	}
	return 0, errors.New("no symbol " + expr)
}

func TestRun(t *testing.T) {
	d := fake{snap: snaptext.MustParse(bank), selected: 7}
	plain := snaptext.MustParse("states\ngoroutine 1 waiting \"chan receive\"\n")
	plain.NoProbes = "it was built without"
	tests := []struct {
		d    Debugger
		line string
		want []string // parts of the answer, in this order, or the error
		err  bool
	}{
		{d, "stuck", []string{"2 of 5 goroutines are stuck: 2 in a deadlock", "deadlock: goroutines 7 and 8"}, false},
		{d, " stuck -after 1s -all ", []string{"deadlock: ", "1 going on:"}, false},
		{d, "stuck -after never", []string{"must be positive, such as 10s"}, true},
		{d, "stuck 3", []string{`stuck takes no argument "3"; help stuck`}, true},
		{d, "stuck -g 3", []string{"flag provided but not defined: -g"}, true},
		{d, "probe", []string{"goroutine 7 waits for mutex to.mu at main.go:31", "[deadlock]",
			"waits on mutex to.mu (0xb1)",
			"held by goroutine 8 for 13s", "holds mutex from.mu for 13s, taken at main.go:30 (main.move)",
			"history, newest first:",
			"12s ago  to.mu.Lock()  at main.go:31 (main.move)", "13s ago  from.mu.Lock()"}, false},
		{d, "probe -g 1", []string{"case: receive from chan jobs (0xc1)",
			"was made by goroutine 1 at main.go:5, holding 1 of 2",
			"case: receive from a nil channel", "and 2 more cases"}, false},
		{d, "probe -g 2", []string{"waits on conn conn (0xe1)",
			"connection 127.0.0.1:4000 to 127.0.0.1:5000, 10 bytes unsent, 0 bytes unread"}, false},
		{d, "probe -g 9", []string{"goroutine 9 is running", "it has reached no probe"}, false},
		{d, "probe -g 10", []string{"no goroutine 10"}, true},
		{fake{snap: d.snap}, "probe", []string{"no goroutine is selected"}, true},
		{d, "probes", []string{"7  deadlock  waits  12s  to.mu.Lock()", "8  deadlock", "1  ", "9  ok"}, false},
		{d, "probes -n 1", []string{"7  deadlock", "and 4 more; probes -n N"}, false},
		{d, "probes -n 0", []string{"invalid -n 0: must be positive"}, true},
		{d, "holders to.mu", []string{"mutex to.mu (0xb1)", "is held by goroutine 8", "goroutine 7 waits"}, false},
		{d, "holders -p", []string{"mutex to.mu (0xb1)"}, false},
		{d, "holders 0xa1", []string{"mutex from.mu (0xa1)", "is held by goroutine 7", "goroutine 8 waits"}, false},
		{d, "holders jobs", []string{"chan jobs (0xc1)", "goroutine 1 waits in a select of 4 cases"}, false},
		{d, "holders nobody", []string{"holders: no symbol nobody"}, true},
		{d, "holders 0xdd", []string{"no goroutine holds, waits for or has lately used a lock or channel at 0xdd"},
			true},
		{d, "holders", []string{"name a lock or channel"}, true},
		{d, "waitgraph", []string{"<- goroutine ", "<- goroutine "}, false},
		{d, "waitgraph x", []string{`takes no argument "x"`}, true},
		{d, "nosuch", []string{`unknown command "nosuch" (want stuck, probe, probes, holders, waitgraph)`}, true},
		{fake{snap: plain}, "stuck", []string{"it is not known whether anything is stuck, only where the 1 " +
			"goroutine are", "no probes: it was built without", "1  waiting (chan receive)"}, false},
		{fake{snap: plain}, "probes", []string{"1", "waiting (chan receive)"}, false},
		{fake{snap: plain, selected: 1}, "probe", []string{"no probes: it was built without"}, true},
		{fake{}, "waitgraph", []string{"the program has exited"}, true},
	}
	for _, test := range tests {
		var out strings.Builder
		err := Answer(t.Context(), &out, test.d, test.line,
			ConsoleOptions{Options: diagnose.Options{After: 10 * time.Second}})
		got := out.String()
		if err != nil {
			got = err.Error()
		}
		if (err != nil) != test.err {
			t.Errorf("%s: %v", test.line, err)
		}
		rest := got
		for _, want := range test.want {
			i := strings.Index(rest, want)
			if i < 0 {
				t.Errorf("%s: no %q where it should be in:\n%s", test.line, want, got)
				break
			}
			rest = rest[i+len(want):]
		}
	}
}

// TestHelp checks what a help shows of each command: a first line by itself, the syntax, and its flags.
func TestHelp(t *testing.T) {
	for _, c := range Commands() {
		first, rest, ok := strings.Cut(c.Help, "\n\n")
		if !ok || strings.Contains(first, "\n") || !strings.HasPrefix(rest, "\t"+c.Name) {
			t.Errorf("the help of %s: %q", c.Name, c.Help)
		}
		syntax, _, _ := strings.Cut(rest, "\n")
		for _, f := range c.Flags {
			if !strings.Contains(syntax, "["+f+" ") && !strings.Contains(syntax, "["+f+"]") {
				t.Errorf("the help of %s does not tell of its flag %s: %q", c.Name, f, syntax)
			}
		}
		if n := strings.Count(syntax, "[-"); n != len(c.Flags) {
			t.Errorf("the help of %s tells of %d flags, and it has %q", c.Name, n, c.Flags)
		}
	}
}
