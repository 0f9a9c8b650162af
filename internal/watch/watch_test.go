package watch

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
)

// A script answers the examinations of a watcher one after the other; nil is an error. It repeats the last answer.
type script struct {
	answers []*Answer
	deep    int // examinations with stacks
}

func (s *script) examine(_ *record.Record, q Question) (*Answer, error) {
	a := s.answers[0]
	if q.Stacks {
		s.deep++
	}
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	if a == nil {
		return nil, errors.New("the program cannot be read")
	}
	return a, nil
}

func answer(text string, findings ...[]diagnose.Symptom) *Answer {
	return &Answer{Findings: findings, Verdict: text, Write: func(w io.Writer) error {
		_, err := io.WriteString(w, text+"\n")
		return err
	}}
}

func TestToldOnce(t *testing.T) {
	deadlock := []diagnose.Symptom{{What: "deadlock", Goroutine: 7, Steps: 100},
		{What: "deadlock", Goroutine: 8, Steps: 110}}
	more := append([]diagnose.Symptom{{What: "deadlock", Goroutine: 3, Steps: 200}}, deadlock...)
	again := []diagnose.Symptom{{What: "deadlock", Goroutine: 7, Steps: 900}} // the same goroutine, in another wait
	queue := []diagnose.Symptom{{What: "lock-across-wait", Goroutine: 7, Steps: 100}}
	other := []diagnose.Symptom{{What: "stuck", Goroutine: 9, Steps: 50}}
	// Each test has four rounds. A round takes one answer, and one with stacks if there is news. The last answer is
	// repeated.
	tests := []struct {
		name    string
		answers []*Answer
		want    []string // the reports, in order
		deep    int
	}{
		{"nothing", []*Answer{answer("nothing")}, nil, 0},
		{"once", []*Answer{answer("a", deadlock)}, []string{"a"}, 1},
		{"one that others join", []*Answer{answer("a", deadlock), answer("b", deadlock), answer("c", more)},
			[]string{"b"}, 1},
		{"a second one", []*Answer{answer("a", deadlock), answer("b", deadlock), answer("c", deadlock, other)},
			[]string{"b", "c"}, 2},
		{"stuck again", []*Answer{answer("a", deadlock), answer("b", deadlock), answer("c", again)}, []string{"b", "c"},
			2},
		{"another name with the stacks", []*Answer{answer("a", queue), answer("b", deadlock), answer("c", queue)},
			[]string{"b"}, 1},
		{"gone with the stacks", []*Answer{answer("a", deadlock), answer("b"), answer("c", deadlock)}, nil, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			s := &script{answers: test.answers}
			w := newWatcher(Options{After: time.Second, Log: &log, Examine: s.examine}, time.Now())
			now := w.started
			for range 4 {
				answer, _ := w.Examine(nil, Question{After: w.After})
				if w.news(answer, now) >= 0 {
					w.report(answer, now)
				}
				now = now.Add(100 * time.Millisecond)
			}
			var got []string
			for line := range strings.Lines(log.String()) {
				if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "awaittrace:") {
					got = append(got, line)
				}
			}
			if strings.Join(got, " ") != strings.Join(test.want, " ") || s.deep != test.deep {
				t.Errorf("got reports %q with %d readings of stacks, want %q with %d", got, s.deep, test.want,
					test.deep)
			}
		})
	}
}

// TestPossible checks that a possible finding is looked at closely once, reported if that makes it more certain, and
// looked at again after a while.
func TestPossible(t *testing.T) {
	var log bytes.Buffer
	leak := []diagnose.Symptom{{What: "leak", Goroutine: 7, Steps: 100}}
	maybe := &Answer{Possible: [][]diagnose.Symptom{{{What: "stuck", Goroutine: 7, Steps: 100}}}}
	deep := 0
	w := newWatcher(Options{After: time.Second, Log: &log,
		Examine: func(_ *record.Record, q Question) (*Answer, error) {
			if !q.Stacks {
				return maybe, nil
			}
			if deep++; deep < 3 {
				return maybe, nil
			}
			return answer("proven", leak), nil
		}}, time.Now())
	w.closer.share = 1 // however little time this test takes
	var looks []time.Duration
	for at := 2 * time.Second; at < 30*time.Second; at += 100 * time.Millisecond {
		before := deep
		a, _ := w.ask(Question{})
		if w.prove(a, w.started.Add(at)); deep > before {
			looks = append(looks, at)
		}
	}
	if len(looks) < 3 || looks[0] != 2*time.Second || looks[1] < 4*time.Second || looks[2] < 8*time.Second ||
		len(looks) > 5 {
		t.Errorf("it was looked at closely after %v", looks)
	}
	if got := strings.Count(log.String(), "proven"); got != 1 {
		t.Errorf("it was told %d times:\n%s", got, &log)
	}
}

// TestRefuted checks that the report at the program's end leaves out findings that a closer look has refuted. It keeps
// those that the look could not decide, and those of the last report.
func TestRefuted(t *testing.T) {
	stuck := []diagnose.Symptom{{What: "stuck", Goroutine: 7, Steps: 100}}
	undecided := &Answer{Possible: [][]diagnose.Symptom{stuck}, NoProof: true}
	tests := []struct {
		name  string
		looks []*Answer // the closer looks, one after the other
		want  bool
	}{
		{"gone", []*Answer{answer("nothing")}, true},
		{"possible, with all that there is to know", []*Answer{{Possible: [][]diagnose.Symptom{stuck}}}, true},
		{"no time to read the heap", []*Answer{undecided}, false},
		{"no time, then gone", []*Answer{undecided, answer("nothing")}, true},
		{"the program had ended", []*Answer{{NoStates: true}}, false},
		{"it could not be read", []*Answer{nil}, false},
		{"told, then another name and gone",
			[]*Answer{answer("b", []diagnose.Symptom{{What: "leak", Goroutine: 7, Steps: 100}}), answer("nothing")},
			false},
		{"gone, then told", []*Answer{answer("nothing"), answer("b", stuck)}, false},
		{"gone, then told by another name",
			[]*Answer{answer("nothing"), answer("b", []diagnose.Symptom{{What: "leak", Goroutine: 7, Steps: 100}})},
			false},
	}
	for _, test := range tests {
		var log bytes.Buffer
		w := newWatcher(Options{After: time.Second, Log: &log, Examine: (&script{answers: test.looks}).examine},
			time.Now())
		for i := range test.looks {
			w.report(answer("a", stuck), w.started.Add(time.Duration(i+1)*time.Minute))
		}
		if got := w.refuted(stuck, w.told.waits()); got != test.want {
			t.Errorf("%s: refuted %v, want %v", test.name, got, test.want)
		}
	}
}

// TestStops checks that a program is stopped for no more than a hundredth of its time. What happens in between is
// reported later.
func TestStops(t *testing.T) {
	var log bytes.Buffer
	s := &script{answers: []*Answer{answer("a", []diagnose.Symptom{{What: "stuck", Goroutine: 1, Steps: 1}})}}
	w := newWatcher(Options{After: time.Second, Log: &log,
		Examine: func(_ *record.Record, q Question) (*Answer, error) {
			a, err := s.examine(nil, q)
			if q.Stacks {
				// Each time another goroutine is stuck.
				a = answer("more", []diagnose.Symptom{{What: "stuck", Goroutine: int64(s.deep), Steps: 1}})
				a.Stopped = 200 * time.Millisecond
				if q.MaxPause <= 0 || q.MaxPause > burst {
					t.Errorf("it may be stopped for %v", q.MaxPause)
				}
				s.answers[0] = answer("next", []diagnose.Symptom{{What: "stuck", Goroutine: int64(s.deep + 1),
					Steps: 1}})
			}
			return a, err
		}}, time.Now())
	const run = 100 * time.Second
	for at := time.Second; at < run; at += 100 * time.Millisecond {
		now := w.started.Add(at)
		if a, _ := w.ask(Question{}); w.news(a, now) >= 0 {
			w.report(a, now)
		}
	}
	if stopped := time.Duration(s.deep) * 200 * time.Millisecond; stopped < run/200 ||
		stopped > run/100+200*time.Millisecond {
		t.Errorf("it was stopped for %v in %v", stopped, run)
	}
}

// TestNoRecord runs programs that have no record. They must run as they would without us.
func TestNoRecord(t *testing.T) {
	for script, want := range map[string]int{"exit 3": 3, "kill -9 $$": 137, "sleep 0.2": 0} {
		var log, out bytes.Buffer
		cmd := exec.Command("sh", "-c", "echo out;"+script)
		cmd.Stdout, cmd.Stderr = &out, os.Stderr
		status, err := Run(cmd, Options{After: time.Second, Log: &log})
		if err != nil || status != want || out.String() != "out\n" || log.Len() > 0 {
			t.Errorf("%q: status %d, %v, output %q, report %q, want status %d", script, status, err, out.String(),
				log.String(), want)
		}
	}
	if _, err := Run(exec.Command("/nowhere/at/all"), Options{Log: io.Discard}); err == nil {
		t.Error("a program that is not there was run")
	}
}

// TestBudget looks every tenth of a second, at a cost, for as long as the budget allows it: at once if something is
// new, in the long run for one part in share of the time. The budget delays a look beyond its limit only if looks at
// that rate would cost more than one part in atMost.
func TestBudget(t *testing.T) {
	const limit = 2 * time.Second
	tests := []struct {
		cost          time.Duration
		first, minute int // looks in the first second, and in the minute after the tenth
	}{
		{time.Microsecond, 10, 600},
		{20 * time.Millisecond, 10, 60},
		{40 * time.Millisecond, 7, 30},
		{time.Second, 1, 1},
	}
	for _, test := range tests {
		b := newBudget(50, limit)
		start := time.Now()
		looks := func(from, to time.Duration) (n int) {
			for at := from; at < to; at += interval {
				if now := start.Add(at); b.allows(now) {
					b.spend(now, test.cost)
					n++
				}
			}
			return n
		}
		first := looks(0, time.Second)
		looks(time.Second, 10*time.Minute)
		minute := looks(10*time.Minute, 11*time.Minute)
		if first != test.first || max(minute-test.minute, test.minute-minute) > 1 {
			t.Errorf("looks that cost %v: %d in the first second and %d a minute later, want %d and %d", test.cost,
				first, minute, test.first, test.minute)
		}
	}
}

// TestHeld watches a program that a debugger holds now and then. It is looked at only while it runs. After a closer
// look that shows nothing new it runs again, and after one that does it stands still, with the first new finding told.
func TestHeld(t *testing.T) {
	one, two := []diagnose.Symptom{{What: "deadlock", Goroutine: 7, Steps: 3}},
		[]diagnose.Symptom{{What: "stuck", Goroutine: 9, Steps: 5}}
	var now [][]diagnose.Symptom // what the record shows
	refuted, runs := false, true
	resumed, first := 0, -1
	w := newWatcher(Options{After: time.Second, Log: io.Discard, Runs: func() bool { return runs },
		Examine: func(rec *record.Record, q Question) (*Answer, error) {
			if rec != nil || !runs {
				t.Errorf("it was looked at with record %v, running %v", rec, runs)
			}
			a := &Answer{Findings: now}
			if !q.Stacks {
				return a, nil
			}
			if refuted {
				a.Findings = nil
			}
			a.Resume = func() time.Duration { resumed++; return time.Millisecond }
			a.Write = func(io.Writer) error { first = a.First; runs = false; return nil }
			return a, nil
		}}, time.Now())
	w.clock = func() time.Duration { return 0 }
	at := w.started
	steps := func() {
		for range 20 {
			at = at.Add(interval)
			w.tick(at)
		}
	}
	steps()
	if resumed != 0 || first != -1 {
		t.Errorf("nothing is found: resumed %d times, told %d", resumed, first)
	}
	now, refuted = [][]diagnose.Symptom{one}, true
	if steps(); resumed == 0 || resumed > 3 || first != -1 {
		t.Errorf("what is found is refuted: resumed %d times, told %d", resumed, first)
	}
	at, refuted = at.Add(time.Minute), false
	if steps(); first != 0 || runs {
		t.Errorf("what is found is confirmed: told %d, running %v", first, runs)
	}
	first, runs = -1, true
	if steps(); first != -1 {
		t.Error("it was told again")
	}
	now = [][]diagnose.Symptom{one, two}
	if steps(); first != 1 {
		t.Errorf("of two findings the second is new: told %d", first)
	}
	first, runs, now = -1, true, append(now, []diagnose.Symptom{{What: "leak", Goroutine: 8, Steps: 1}})
	w.Know(now[2])
	if steps(); first != -1 {
		t.Error("what is known was told")
	}
}
