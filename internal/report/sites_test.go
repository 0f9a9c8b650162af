package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

const waits = `taken 60s
waited lock/mutex /src/app/main.go:31 main.worker a.mu.Lock() 8s 80ms 0=100 4=20
waited recv/chan /src/app/main.go:20 main.main <-jobs 10s 7s 9=2
object 0xa1 mutex a.mu
goroutine 2 unknown
  wait lock/mutex /src/app/main.go:31 main.worker a.mu.Lock() 0xa1 20s
  step lock/mutex /src/app/main.go:31 main.worker a.mu.Lock() 20s
goroutine 3 unknown
  wait lock/mutex /src/app/main.go:31 main.worker a.mu.Lock() 0xa1 50s
  step lock/mutex /src/app/main.go:31 main.worker a.mu.Lock() 50s
goroutine 4 unknown
  wait io/conn/serve /src/app/main.go:9 main.main l.Accept() - 1s
  step io/conn/serve /src/app/main.go:9 main.main l.Accept() 1s
goroutine 5 unknown
  wait sleep /src/app/main.go:40 main.main time.Sleep(time.Hour) - 1s
  step sleep /src/app/main.go:40 main.main time.Sleep(time.Hour) 1s
`

// TestSites tells where goroutines waited longest, as text and as JSON.
func TestSites(t *testing.T) {
	r := diagnose.Analyze(parse(t, waits), diagnose.Options{Path: Relative("/src/app")})
	var b bytes.Buffer
	if err := TextSites(&b, r, false); err != nil {
		t.Fatal(err)
	}
	want := `prog (pid 4711, go1.26.0, live, up 1m): waited for 18s in all, at 3 places
  total     %  waits  median   max  now  longest  where
    10s  55.6      2      2s    7s    0        -  main.go:20 (main.main): <-jobs
     8s  44.4    120     4ms  80ms    2      40s  main.go:31 (main.worker): a.mu.Lock()
     0s     0      0       -     -    1      59s  main.go:9 (main.main): l.Accept()
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
	d := NewDocument(r)
	d.AddSites(r)
	text, err := json.Marshal(d.Sites)
	if err != nil {
		t.Fatal(err)
	}
	const wantJSON = `"count":120,"total_ns":8000000000,"median_ns":3906250,"max_ns":80000000,"waiting":2,"longest_ns":40000000000},`
	if !strings.Contains(string(text), wantJSON) {
		t.Errorf("%s is not in %s", wantJSON, text)
	}
}

// TestSitesControl has names that would begin a line or another column.
func TestSitesControl(t *testing.T) {
	s := parse(t, waits)
	s.Process.Exe = "/bin/x\nforged"
	for place := range s.Waited {
		place.Expr = "f()\tx\nforged"
	}
	var b bytes.Buffer
	if err := TextSites(&b, diagnose.Analyze(s, diagnose.Options{}), false); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "\nforged") || strings.Contains(b.String(), "\t") {
		t.Errorf("a name begins a line or a column:\n%q", b.String())
	}
}

// TestManySites has more places than are told.
func TestManySites(t *testing.T) {
	lines := "taken 60s\n"
	for i := range mostSites + 5 {
		lines += fmt.Sprintf("waited lock/mutex a.go:%d main.f mu.Lock() %ds 80ms 4=20\n", i+1, 100-i)
	}
	s, err := snaptext.Parse(lines)
	if err != nil {
		t.Fatal(err)
	}
	r := diagnose.Analyze(s, diagnose.Options{})
	for all, want := range map[bool]string{false: "and 5 more; -all lists them\n",
		true: fmt.Sprintf("a.go:%d (main.f): mu.Lock()\n", mostSites+5)} {
		var b bytes.Buffer
		if err := TextSites(&b, r, all); err != nil || !strings.HasSuffix(b.String(), want) {
			t.Errorf("all %v: %v\n%s", all, err, b.String())
		}
	}
}
