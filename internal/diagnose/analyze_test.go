package diagnose

import (
	"flag"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

var update = flag.Bool("u", false, "renew the reports in testdata")

// TestAnalyze compares the diagnosis of each snapshot in testdata. It also checks that goroutines that are alike have
// the same needs.
func TestAnalyze(t *testing.T) {
	alike := 0
	snaptext.Golden(t, *update, func(t *testing.T, text string) []string {
		s, err := snaptext.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		before := snaptext.Format(s)
		got := format(Analyze(s, Options{}))
		alike += sameNeeds(t, s)
		if snaptext.Format(s) != before {
			t.Error("the snapshot was changed")
		}
		testLeft(t, s)
		return []string{got}
	})
	if alike == 0 {
		t.Error("no two goroutines are alike: the test tests nothing")
	}
}

// sameNeeds checks that goroutines of s that are alike have the same needs. It returns how many are like an earlier
// one.
func sameNeeds(t *testing.T, s *snapshot.Snapshot) (n int) {
	s, _ = reconcile(s)
	f := newFacts(s, Options{After: DefaultAfter})
	first := make(map[alike]int)
	for i := range s.Goroutines {
		if f.wait(i) == nil {
			continue
		}
		k, ok := f.alike(i)
		if j, was := first[k]; !ok || !was {
			if ok {
				first[k] = i
			}
			continue
		} else if n++; !reflect.DeepEqual(f.needs(i), f.needs(j)) {
			t.Errorf("goroutines %d and %d are alike: needs %+v and %+v", s.Goroutines[i].ID, s.Goroutines[j].ID,
				f.needs(i), f.needs(j))
		}
	}
	return n
}

// format returns a report in the form of the tests.
func format(r *Report) string {
	var b strings.Builder
	for i, v := range r.Verdicts {
		fmt.Fprintf(&b, "%d %s\n", r.Snapshot.Goroutines[i].ID, v)
	}
	for _, what := range slices.Sorted(maps.Keys(r.Snapshot.Dropped)) {
		fmt.Fprintf(&b, "dropped %s: %d\n", what, r.Snapshot.Dropped[what])
	}
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "\n%s %s %v root %d\n%s\n", f.Certainty, f.Kind, f.Goroutines, f.Root, f.Title)
		for _, why := range f.Why {
			fmt.Fprintf(&b, "  %s\n", why)
		}
		if f.Fix != "" {
			fmt.Fprintf(&b, "fix: %s\n", f.Fix)
		}
	}
	return b.String()
}

func TestDuration(t *testing.T) {
	tests := map[time.Duration]string{
		0: "0s", 999: "999ns", 1500: "1.5µs", 85 * time.Microsecond: "85µs", 1500 * time.Microsecond: "1.5ms",
		2 * time.Millisecond: "2ms", 999999 * time.Microsecond: "999ms", time.Second: "1s",
		1550 * time.Millisecond:  "1.5s",
		12900 * time.Millisecond: "12s", time.Minute: "1m", 200 * time.Second: "3m20s",
		2*time.Hour + 5*time.Minute: "2h5m",
		76 * time.Hour:              "3d4h", -time.Second: "-1s",
	}
	for d, want := range tests {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%d) = %q, want %q", d, got, want)
		}
	}
}

func TestOwn(t *testing.T) {
	tests := []struct {
		fn, file string
		want     bool
	}{
		{"main.main", "/home/me/src/main/main.go", true},
		{"main.main", "main.go", true},
		{"example.com/app/store.(*DB).Get", "/src/app/store/db.go", true},
		{"example.com/app/store.(*DB).Get", "example.com/app/store/db.go", true}, // -trimpath
		{"app/store.Get", "/home/me/app/store/db.go", true},
		{"debug.lockSlow", "/usr/local/go/src/internal/sync/mutex.go", false},
		{"github.com/x/y.F", "/home/gopher/go/pkg/mod/github.com/x/y@v1.2.3/f.go", false},
		{"github.com/x/y.F", "github.com/x/y@v1.2.3/f.go", false},
		{"github.com/x/y.F", "/src/app/vendor/github.com/x/y/f.go", false},
		{"sync.(*Mutex).Lock", "/usr/local/go/src/sync/mutex.go", false},
		{"net/http.(*conn).serve", "/usr/local/go/src/net/http/server.go", false},
		{"net/http.(*conn).serve", "net/http/server.go", false},
		{"runtime.gopark", "runtime/proc.go", false},
		{"iter.Pull[example.com/app.row].func1", "/usr/local/go/src/iter/iter.go", false},
		{"example.com/app.Get[github.com/x/y.T]", "/src/app/get.go", true},
		{"sync.runtime_SemacquireMutex", "/usr/local/go/src/runtime/sema.go", false},
		{"main.main.gowrap1", "/src/x.go", false},
		{"", "/src/x.go", false},
	}
	for _, tt := range tests {
		if got := Own(tt.fn, tt.file); got != tt.want {
			t.Errorf("Own(%q, %q) = %v", tt.fn, tt.file, got)
		}
	}
}

func TestMethod(t *testing.T) {
	for expr, want := range map[string]string{
		"conn.Write(b)": "Write", "s.conn(x).Write(f(b), (1))": "Write", "io.Copy(w, r)": "Copy", "Read(b)": "Read",
		"conn.Write([]byte(\"a.b": "Write", "conn.Write": "Write", "": "",
	} {
		if got := method(expr); got != want {
			t.Errorf("method(%q) = %q, want %q", expr, got, want)
		}
	}
}

// TestSpinning checks that a goroutine that has run since the program began and never reached a probe is a possibility
// that does not count, unless it was found on its thread twice.
func TestSpinning(t *testing.T) {
	text := "taken 60s\nstates\ngoroutine 4 running\n  created 1 main.main /src/main.go:9\n" +
		"  frame main.spin /src/main.go:30\n  thread 7\n%s" +
		"goroutine 5 runnable\n  frame net/http.serve /usr/local/go/src/net/http/server.go:30\n"
	ran := "; its thread, 7, has used 30s of processor time"
	for _, tt := range []struct {
		up        time.Duration
		ran       string // line of the snapshot
		want, bad int
		certainty Certainty
		words     string
	}{
		{5 * time.Second, "", 0, 0, "", ""},
		{60 * time.Second, "", 1, 0, Possible, ""},
		{60 * time.Second, "  ran 30s\n", 1, 1, Likely, ran},
	} {
		s := snaptext.MustParse(fmt.Sprintf(text, tt.ran))
		s.Process.StartWall, s.Process.TakenWall = 1, 1+int64(tt.up)
		r := Analyze(s, Options{})
		if len(r.Findings) != tt.want || r.Bad() != tt.bad {
			t.Fatalf("up %v: %d findings, %d bad, want %d, %d", tt.up, len(r.Findings), r.Bad(), tt.want, tt.bad)
		}
		for _, f := range r.Findings {
			why := "goroutine 4 is running at /src/main.go:30 (main.spin)" + tt.words +
				"\nit was started at /src/main.go:9 (main.main) by goroutine 1"
			if f.Kind != KindBusy || f.Certainty != tt.certainty || strings.Join(f.Why, "\n") != why {
				t.Errorf("%+v", f)
			}
		}
	}
}

// testLeft repeats the diagnosis as if the goroutines of all findings had left their waits since they were read. No
// finding may then be more than possible. Goroutines without a probe do not count, because they are read while the
// program stands still.
func testLeft(t *testing.T, s *snapshot.Snapshot) {
	left := make(map[int64]bool)
	for id := range Analyze(s, Options{}).Resting {
		left[id] = true
	}
	for _, f := range Analyze(s, Options{Left: left}).Findings {
		if f.Certainty != Possible && slices.ContainsFunc(f.Goroutines, func(id int64) bool { return left[id] }) {
			t.Errorf("%s, though all have left their waits: %s", f.Certainty, f.Title)
		}
	}
}
