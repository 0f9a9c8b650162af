package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// doc returns a report with n goroutines at each of some lines of main.go, each line a finding, and one at main.go:1
// that is in none.
func doc(taken int64, first int64, since int64, lines map[int]int) *Document {
	d := &Document{Schema: Schema, Process: Process{Pid: 7, Exe: "/bin/app", State: "live", Taken: taken}}
	id := first
	add := func(line int) int64 {
		id++
		ns := since
		d.Goroutines = append(d.Goroutines, Goroutine{
			ID: id, Verdict: "leaked", SinceNS: &ns,
			Probe: &Probe{Op: "recv", Expr: "<-ch", Func: "main.work", File: "/src/main.go", Line: line},
		})
		return id
	}
	add(1)
	for line := 2; line < 10; line++ {
		f := Finding{Kind: "leak", Certainty: "likely", Title: "it leaks"}
		for range lines[line] {
			f.Goroutines = append(f.Goroutines, add(line))
		}
		if lines[line] > 0 {
			d.Findings = append(d.Findings, f)
			d.Counts.Leaked += lines[line]
		}
	}
	d.Counts.Goroutines = len(d.Goroutines)
	return d
}

func TestCompare(t *testing.T) {
	before := doc(1e9, 0, 5e9, map[int]int{2: 1, 3: 4, 4: 2, 5: 3, 6: 1})
	after := doc(11e9, 1000, 15e9, map[int]int{3: 1204, 4: 2, 5: 1, 6: 1, 7: 2})
	*after.Goroutines[len(after.Goroutines)-3].SinceNS = 5e9 // the one at line 6 has not waited for longer
	d := Compare(before, after)
	var got []string
	for _, f := range d.Findings {
		got = append(got, f.Change)
		if f.File != "/src/main.go" {
			t.Errorf("a finding is at %q", f.File)
		}
	}
	if want := "new grown older shrunk same gone"; strings.Join(got, " ") != want {
		t.Errorf("the changes are %v, want %s", got, want)
	}
	if !d.Worse() {
		t.Error("it is not worse")
	}
	if p := d.Places[0]; p.New-p.Old != 1200 || p.Line != 3 || p.Change != isGrown {
		t.Errorf("the first place is %+v", p)
	}
	if last := d.Places[len(d.Places)-1]; last.Change != isShrunk || last.Line != 5 {
		t.Errorf("the last place is %+v", last)
	}
	if d.BetweenNS == nil || *d.BetweenNS != 10e9 {
		t.Error("the time between is not 10s")
	}
	var b bytes.Buffer
	if err := d.Text(&b, DiffOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"+1200  at /src/main.go:3 (main.work: <-ch), 4 before",
		"4 goroutines before, 1204 now (+1200), the longest for 15s", "10s later", "1 finding as before"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the text lacks %q:\n%s", want, b.String())
		}
	}
}

// TestCompareSame holds that a report does not differ from itself, and not from one with other goroutines that do the
// same.
func TestCompareSame(t *testing.T) {
	lines := map[int]int{2: 3, 4: 1}
	d := Compare(doc(0, 0, 5e9, lines), doc(0, 500, 5e9, lines))
	if d.Worse() || len(d.Places) != 0 || d.BetweenNS != nil {
		b, _ := json.Marshal(d)
		t.Errorf("they differ: %s", b)
	}
}

// TestComparePossible checks that a possible finding is listed but does not count.
func TestComparePossible(t *testing.T) {
	after := doc(0, 0, 5e9, map[int]int{2: 1})
	after.Findings[0].Certainty = "possible"
	d := Compare(doc(0, 0, 5e9, nil), after)
	if d.Worse() || len(d.Findings) != 1 {
		t.Errorf("worse is %v, with %d findings", d.Worse(), len(d.Findings))
	}
}

// TestCompareUnknown holds that findings whose goroutines are not in the report, or have no probe, are compared too.
func TestCompareUnknown(t *testing.T) {
	d1 := &Document{Findings: []Finding{{Kind: "stuck", Goroutines: []int64{1}, Title: "a"},
		{Kind: "stuck", Title: "b"}}}
	d2 := &Document{Goroutines: []Goroutine{{ID: 3, State: "waiting"},
		{ID: 4, Stack: []Frame{{Func: "f", File: "x.go", Line: 1}}}}}
	d := Compare(d1, d2)
	if len(d.Findings) != 2 || d.Findings[0].Change != isGone || len(d.Places) != 2 {
		t.Errorf("%+v", d)
	}
}

// TestCompareRecordAlone: goroutines without a probe, which only a look at the program sees, are not new where one side
// is a record.
func TestCompareRecordAlone(t *testing.T) {
	before, after := doc(1e9, 0, 1e9, nil), doc(2e9, 0, 2e9, nil)
	stack := []Frame{{Func: "runtime.notetsleepg", File: "/go/lock_futex.go", Line: 1}}
	after.Goroutines[0].Stack = stack
	after.Goroutines = append(after.Goroutines, Goroutine{ID: 9, State: "syscall", Stack: stack})
	if d := Compare(before, after); len(d.Places) != 0 {
		t.Errorf("the places are %+v", d.Places)
	}
	before.Goroutines[0].Stack = stack
	if d := Compare(before, after); len(d.Places) != 1 {
		t.Errorf("the places are %+v", d.Places)
	}
}

// TestCompareLockOrder: a finding whose goroutines have gone on is known by its first place.
func TestCompareLockOrder(t *testing.T) {
	before, after := doc(1e9, 0, 1e9, nil), doc(2e9, 0, 2e9, nil)
	order := func(line int) Finding {
		return Finding{Kind: "lock-order", Certainty: "possible", Title: "both",
			Places: []Probe{{File: "/src/main.go", Line: line}}}
	}
	before.Findings, after.Findings = append(before.Findings, order(5)), append(after.Findings, order(6), order(5))
	d := Compare(before, after)
	if f := d.Findings[0]; len(d.Findings) != 2 || f.Change != isNew || f.Line != 6 {
		t.Errorf("the findings are %+v", d.Findings)
	}
}

// TestCompareControl has names that would act on a terminal or forge a line.
func TestCompareControl(t *testing.T) {
	const evil = "x\x1b]0;owned\a\nforged"
	old, now := doc(1e9, 0, 5e9, nil), doc(2e9, 100, 6e9, map[int]int{2: 1})
	old.Process.Exe, now.Process.State = "/bin/"+evil, evil
	now.Findings[0].Title = evil
	for i := range now.Goroutines {
		now.Goroutines[i].Probe.File = evil
	}
	var b bytes.Buffer
	if err := Compare(old, now).Text(&b, DiffOptions{All: true}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "\nforged") || strings.ContainsAny(b.String(), "\x1b\a") {
		t.Errorf("names reach the terminal:\n%q", b.String())
	}
}
