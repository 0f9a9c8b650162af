package main

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// events has what go test -json writes about two packages, one of which dies in the middle of a test.
const events = `go: downloading example.com/a v1.0.0
{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"run","Package":"p","Test":"TestA/sub"}
{"Action":"pass","Package":"p","Test":"TestA/sub","Elapsed":0.1}
{"Action":"pass","Package":"p","Test":"TestA","Elapsed":0.1}
{"Action":"skip","Package":"p","Test":"TestB/seed_1795401033948844397","Elapsed":0}
{"Action":"pass","Package":"p","Elapsed":0.25}
{"Action":"run","Package":"q","Test":"TestC"}
{"Action":"fail","Package":"q","Elapsed":1.5}
{"Action":"output","Package":"s","Test":"TestD/x","Output":"    d_test.go:14: it leaves 1 goroutine stuck:\n"}
{"Action":"output","Package":"s","Test":"TestD/x","Output":"        stuck: goroutine 7 sends to chan ch\n"}
{"Action":"output","Package":"s","Test":"TestD/x","Output":"            no receive from it is on record\n"}
{"Action":"fail","Package":"s","Test":"TestD/x","Elapsed":1}
{"Action":"fail","Package":"s","Test":"TestD","Elapsed":1}
{"Action":"fail","Package":"s","Elapsed":1}
`

func TestParseEvents(t *testing.T) {
	r, err := parseEvents(strings.NewReader(events))
	if err != nil {
		t.Fatal(err)
	}
	want := map[test]string{
		{"p", "TestA"}: "pass", {"p", "TestA/sub"}: "pass", {"p", "TestB/seed_N"}: "skip", {"p", ""}: "pass",
		{"q", ""}:        "fail",
		{"s", "TestD/x"}: "fail", {"s", "TestD"}: "fail", {"s", ""}: "fail",
	}
	if !maps.Equal(r.ended, want) {
		t.Errorf("got %v, want %v", r.ended, want)
	}
	if r.passing() != 2 || r.packages != 3 || r.elapsed != 2750*time.Millisecond {
		t.Errorf("got %v", r)
	}
	for _, name := range []string{"", "TestD", "TestD/x"} {
		if got := r.leftBy(test{"s", name}); got != "stuck: goroutine 7 sends to chan ch" {
			t.Errorf("what %q leaves: %q", name, got)
		}
	}
	if got := r.leftBy(test{"p", "TestA"}); got != "" {
		t.Errorf("what TestA leaves: %q", got)
	}
	if _, err := parseEvents(strings.NewReader(`{"Action":`)); err == nil {
		t.Error("no error for an event that was cut short")
	}
}

func ended(pairs ...string) *results {
	r := &results{ended: map[test]string{}}
	for i := 0; i < len(pairs); i += 2 {
		pkg, name, _ := strings.Cut(pairs[i], " ")
		r.ended[test{pkg, name}] = pairs[i+1]
	}
	return r
}

func TestCompare(t *testing.T) {
	plain := ended("p TestA", "pass", "p TestA/one", "pass", "p TestB", "skip", "p", "pass", "q TestC", "pass", "q",
		"pass", "r", "pass", "s TestD", "fail", "s", "fail")
	probed := ended("p TestA", "fail", "p TestA/two", "pass", "p TestB", "skip", "p", "fail", "q TestC", "pass", "q",
		"pass", "r", "fail", "s TestD", "pass", "s", "pass")
	var got []string
	for _, d := range compare(plain, probed) {
		got = append(got, strings.TrimSpace(d.pkg+" "+d.name)+": "+d.plain+" "+d.probed)
	}
	want := []string{"p TestA: pass fail", "p TestA/one: pass ", "p TestA/two:  pass", "r: pass fail",
		"s TestD: fail pass"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if list := compare(plain, plain); len(list) != 0 {
		t.Errorf("%d differences to itself", len(list))
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		plain, probed int
		explained     bool
	}{
		{3, 3, true}, {0, 0, true}, {1, 3, true}, {2, 1, true},
		{3, 0, false}, {3, 2, false}, {0, 3, false}, {2, 0, false},
	} {
		d := &difference{runs: 3, plainAgain: c.plain, probedAgain: c.probed}
		if got := d.explain(); (got != "") != c.explained {
			t.Errorf("passes %d times without, %d with: %q", c.plain, c.probed, got)
		}
	}
}

func TestOnly(t *testing.T) {
	list := []*difference{{test: test{"p", "TestB/x"}}, {test: test{"p", "TestA"}}, {test: test{"p", "TestB/y"}}}
	whole := &row{name: "r", run: "Test", skip: "Slow"}
	if got := only(whole, list); got.run != "^(TestA|TestB)$" || got.skip != "Slow" || whole.run != "Test" {
		t.Errorf("got -run %q -skip %q", got.run, got.skip)
	}
	if got := only(whole, append(list, &difference{test: test{"p", ""}})); got.run != "Test" {
		t.Errorf("for a package as a whole: got -run %q", got.run)
	}
}

// TestTable checks what only running a row would show otherwise.
func TestTable(t *testing.T) {
	names := map[string]bool{}
	quick := 0
	for _, r := range table {
		if names[r.name] {
			t.Errorf("two rows are called %s", r.name)
		}
		names[r.name] = true
		if len(r.packages) == 0 {
			t.Errorf("%s: no packages", r.name)
		}
		if (r.run != "" || r.skip != "" || r.module != std && !slices.Equal(r.packages, all)) && r.why == "" {
			t.Errorf("%s: leaves something out and does not say why", r.name)
		}
		expressions := []string{r.run, r.skip}
		for _, k := range r.known {
			expressions = append(expressions, k.test)
			if k.reason == "" {
				t.Errorf("%s: %s is known without a reason", r.name, k.test)
			}
		}
		for _, e := range expressions {
			if _, err := regexp.Compile(e); err != nil {
				t.Errorf("%s: %v", r.name, err)
			}
		}
		if r.quick {
			quick++
		}
	}
	if rows, err := choose(table, nil, true); err != nil || len(rows) != quick || quick == 0 {
		t.Errorf("-quick chooses %d rows of %d, %v", len(rows), quick, err)
	}
	if _, err := choose(table, []string{"conc", "nobody"}, false); err == nil ||
		!strings.Contains(err.Error(), `"nobody"`) {
		t.Errorf("for a row that is not there: %v", err)
	}
}

func TestWriteTable(t *testing.T) {
	o := &outcome{row: &row{name: "m", module: "example.com/m@v1.0.0"}, probes: 7}
	o.plain = ended("p TestA", "pass", "p TestB", "pass", "p TestB/x", "pass", "p TestC", "pass")
	o.probed = ended("p TestA", "fail", "p TestB", "fail", "p TestB/x", "fail", "p TestC", "pass")
	o.probed.left = map[test]string{{"p", "TestB/x"}: "leak: goroutine 7"}
	o.differences = compare(o.plain, o.probed)
	for _, d := range o.differences {
		d.left = o.probed.leftBy(d.test)
	}
	var b strings.Builder
	writeTable(&b, []*outcome{o})
	for _, want := range []string{
		"| example.com/m@v1.0.0 | 0 | 4 | 3 | 1, 1 UNEXPLAINED | 1 | 7 | 0.0s | 0.0s |\n",
		"\nm: p TestA: pass without probes, fail with; of 0 more runs each way it passes 0 without, 0 with: " +
			"UNEXPLAINED\n",
		"\nm: p TestB/x leaves goroutines stuck: leak: goroutine 7\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "m: p TestB leaves") || o.good() {
		t.Errorf("got good %t, and:\n%s", o.good(), b.String())
	}
	o.differences = o.differences[1:]
	if !o.good() {
		t.Error("a test that leaves goroutines stuck is taken for one that differs")
	}
}
