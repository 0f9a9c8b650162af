package reportcase

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const program = `package main

func main() {
	select {} // @wait
}
`

const report = `{"findings": [
	{"kind": "leak", "certainty": "likely", "root": 7, "goroutines": [7, 8], "title": "goroutine 7 waits", "why": ["at main.go:4"], "fix": "close it"},
	{"kind": "stuck", "certainty": "possible", "goroutines": [9], "title": "goroutine 9"}],
	"goroutines": [{"id": 7, "probe": {"file": "/src/main.go", "line": 4}}, {"id": 9, "stack": [{"file": "/src/main.go", "line": 9}]}]}`

func TestCheck(t *testing.T) {
	for _, c := range []struct{ name, expect, problem string }{
		{"all is told", "finding: leak|growth certain|likely @wait\ngoroutines: 2\nsay: close\nsay: @wait\n" +
			"say: /close.it/\nnot: open", ""},
		{"more", "finding: leak likely\ngoroutines: 2+", ""},
		{"kind", "finding: deadlock likely", "no finding deadlock"},
		{"certainty", "finding: leak certain", "it is likely, want certain"},
		{"root", "finding: leak likely main.go:9", "its root, goroutine 7, is not at main.go:9"},
		{"frame", "finding: leak likely\nfinding: stuck possible main.go:9", ""},
		{"number", "finding: leak likely\ngoroutines: 3", "it has 2 goroutines, want 3"},
		{"say", "finding: leak likely\nsay: open", `it lacks "open"`},
		{"not", "finding: leak likely\nnot: close", `it has "close"`},
		{"besides", "nothing: yes", "told besides: leak (likely)"},
		{"others", "others: allowed\nfinding: stuck possible", ""},
		{"text", "text: may be stuck\nfinding: leak likely", `the text report lacks "may be stuck"`},
		{"never", "never: stuck\nfinding: leak likely", `the text report has "stuck"`},
		{"anywhere", "say: nowhere\nfinding: leak likely", `the list of findings lacks`},
		{"todo", "todo: later\nfinding: leak certain", ""},
		{"todo is done", "todo: later\nfinding: leak likely", "all is reported now"},
	} {
		r := readText(t, c.expect).Runs[0]
		got := strings.Join(r.Check(&Report{Text: "1 is stuck", JSON: []byte(report)}), "\n")
		if c.problem == "" && got != "" || !strings.Contains(got, c.problem) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.problem)
		}
	}
}

// TestWrong: what no report may have is found without being named.
func TestWrong(t *testing.T) {
	r := readText(t, "finding: stuck likely").Runs[0]
	text := `{"findings": [{"kind": "stuck", "certainty": "likely", "title": "once 0x9bbfd8", "why": ["paho%2emqtt", "goroutine 24 is syscall"]}]}`
	if got := r.Check(&Report{JSON: []byte(text)}); len(got) != 3 {
		t.Errorf("got %q, want three problems", got)
	}
}

func TestAbout(t *testing.T) {
	text := `{"findings": [
	{"kind": "leak", "certainty": "possible", "goroutines": [9], "title": "at /src/main.go:4"},
	{"kind": "leak", "certainty": "certain", "proof": "reachability", "root": 7, "goroutines": [7], "title": "goroutine 7"}],
	"goroutines": [{"id": 7, "stack": [{"file": "/src/main.go", "line": 4}]}, {"id": 9, "stack": [{"file": "/src/main.go", "line": 9}], "could_end": [{"goroutine": 1}]}]}`
	r := &Report{Text: "at /src/main.go:4, and at /src/main.go:90", JSON: []byte(text)}
	for at, want := range map[string]About{
		"main.go:4":  {Named: true, Told: "certain", Ends: true},
		"main.go:9":  {Told: "possible", Ends: true},
		"main.go:90": {Named: true},
		"main.go:41": {},
	} {
		if got, err := r.About(at); err != nil || got != want {
			t.Errorf("%s: got %+v, want %+v (%v)", at, got, want, err)
		}
	}
	if n, err := r.Findings(); err != nil || n != 1 {
		t.Errorf("got %d findings, want 1 (%v)", n, err)
	}
}

func TestReadErrors(t *testing.T) {
	for expect, want := range map[string]string{
		"finding: leak likely @nowhere": "no marker @nowhere",
		"finding: leak":                 "want kind and certainty",
		"goroutines: 3":                 "before the first finding",
		"colour: red":                   `unknown key "colour"`,
		"finding":                       "want key: value",
		"wait: long":                    "invalid duration",
	} {
		if _, err := read(t, "from: nobody\n"+expect); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", expect, err, want)
		}
	}
}

func readText(t *testing.T, expect string) *Case {
	t.Helper()
	c, err := read(t, "from: nobody\n"+expect)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func read(t *testing.T, expect string) (*Case, error) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"EXPECT": expect, "main.go": program} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Read(dir)
}
