package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

var update = flag.Bool("u", false, "renew the reports in testdata")

// TestReport renders the snapshots in testdata in every form: as text, as text with everything, as JSON, and as text
// on a terminal with -v.
func TestReport(t *testing.T) {
	snaptext.Golden(t, *update, func(t *testing.T, input string) []string {
		s := parse(t, input)
		forms := []func(*bytes.Buffer) error{
			func(b *bytes.Buffer) error {
				return Text(b, diagnose.Analyze(s, diagnose.Options{Path: Relative("/src/app")}),
					TextOptions{Name: "4711"})
			},
			func(b *bytes.Buffer) error {
				return Text(b, diagnose.Analyze(s, diagnose.Options{}),
					TextOptions{All: true, Color: true, Name: "4711"})
			},
			func(b *bytes.Buffer) error { return JSON(b, diagnose.Analyze(s, diagnose.Options{})) },
			func(b *bytes.Buffer) error {
				r := diagnose.Analyze(s, diagnose.Options{Path: Short("/src/app")})
				return Text(b, r, TextOptions{Name: "4711", Verbose: true, Source: sourceOf(s)})
			},
		}
		var got []string
		for _, form := range forms {
			var b bytes.Buffer
			if err := form(&b); err != nil {
				t.Fatal(err)
			}
			got = append(got, strings.ReplaceAll(b.String(), "\x1b", "ESC"))
		}
		return got
	})
}

// parse returns a snapshot of a process that started a thousand seconds into 1970.
func parse(t *testing.T, text string) *snapshot.Snapshot {
	s, err := snaptext.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	s.Process.StartWall = 1000e9
	s.Process.TakenWall = s.Process.StartWall + s.Taken
	return s
}

// sourceOf returns a reader of source in which the operations of s stand, as far as they are in /src/app/main.go.
func sourceOf(s *snapshot.Snapshot) func(string) ([]byte, error) {
	lines := make([]string, 100)
	for i := range s.Goroutines {
		if p := s.Goroutines[i].Last; p != nil && p.Line <= len(lines) {
			lines[p.Line-1] = "\t" + p.Expr + "\t// line of\x1b[31m source"
		}
	}
	return func(name string) ([]byte, error) {
		if name != "/src/app/main.go" {
			return nil, os.ErrNotExist
		}
		return []byte(strings.Join(lines, "\n")), nil
	}
}

// TestSource: a line of source is left out where it is not the operation's.
func TestSource(t *testing.T) {
	s := parse(t, "taken 60s\ngoroutine 1 unknown\n wait send/chan a.go:2 main.f \"c <- 1\" 0xc1 1s cap=0\n"+
		" step send/chan a.go:2 main.f \"c <- 1\" 1s\n")
	tests := []struct{ source, want string }{
		{"\n\tc <- 1", "    a.go:2:  c <- 1\n"},
		{"\n  c   <-\t1 // sent", "    a.go:2:  c <- 1 // sent\n"},
		{"\nedited", ""},
		{"\n", ""},
		{"", ""},
		{"\nc" + strings.Repeat("ä", 200), "    a.go:2:  c" + strings.Repeat("ä", maxSource-1) + "…\n"},
	}
	for _, tt := range tests {
		var b strings.Builder
		opt := TextOptions{Source: func(string) ([]byte, error) { return []byte(tt.source), nil }}
		if err := Text(&b, diagnose.Analyze(s, diagnose.Options{Scope: func(int64) bool { return true }}),
			opt); err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(b.String(), "for 59s (likely)\n")
		got, _, _ := strings.Cut(rest, "    goroutine 1 sends")
		if got != tt.want {
			t.Errorf("%q: got %q, want %q in\n%s", tt.source, got, tt.want, &b)
		}
	}
}

// TestSourceOfOrder: a finding whose goroutines have gone on begins with the line of its first place.
func TestSourceOfOrder(t *testing.T) {
	f := diagnose.Finding{Kind: diagnose.KindLockOrder, Title: "both",
		Places: []*snapshot.Probe{{Expr: "b.Lock()", File: "a.go", Line: 1}}}
	var b strings.Builder
	opt := TextOptions{Source: func(string) ([]byte, error) { return []byte("\tb.Lock() // second"), nil }}
	if err := Findings(&b, diagnose.Analyze(parse(t, ""), diagnose.Options{}), []diagnose.Finding{f}, opt); err != nil {
		t.Fatal(err)
	}
	if want := "\n    a.go:1:  b.Lock() // second\n"; !strings.Contains(b.String(), want) {
		t.Errorf("no %q in\n%s", want, &b)
	}
}

// TestSchema: what scripts rely on is there even where there is nothing to tell.
func TestSchema(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, diagnose.Analyze(parse(t, ""), diagnose.Options{})); err != nil {
		t.Fatal(err)
	}
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"schema": `"awaittrace.report/1"`, "complete": "true", "findings": "[]",
		"goroutines": "[]"} {
		if got := string(doc[key]); got != want {
			t.Errorf("%s is %s, want %s", key, got, want)
		}
	}
	for _, key := range []string{"process", "counts"} {
		if doc[key] == nil {
			t.Errorf("no %s", key)
		}
	}
}

func TestVerdict(t *testing.T) {
	const wait = "\n wait lock/mutex a.go:1 main.f mu.Lock() 0xc1 %s\n step lock/mutex a.go:1 main.f mu.Lock() 1s\n"
	at := func(since string) string { return strings.ReplaceAll(wait, "%s", since) }
	tests := []struct{ text, want string }{
		{"", "nothing is stuck: of 0 goroutines, none has reached a probe"},
		{"taken 60s\ngoroutine 1 unknown" + at("59s"), "nothing is stuck: of 1 goroutine, 1 going on"},
		{"taken 60s\ngoroutine 1 unknown" + at("1s"), "1 of 1 goroutine is stuck: 1 waiting for too long"},
		{"taken 60s\ngoroutine 1 unknown" + at("1s") + "goroutine 2 unknown" + at("1s") + "goroutine 3 running",
			"2 of 3 goroutines are stuck: 2 waiting for too long"},
		{"taken 60s\nunwatched\ngoroutine 1 unknown" + at("59s"),
			"1 of 1 goroutine may be stuck: 1 waiting for too long"},
	}
	for _, tt := range tests {
		if got := Verdict(diagnose.Analyze(parse(t, tt.text), diagnose.Options{})); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestColor(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file")) // no terminal
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tests := []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"FORCE_COLOR": "1"}, true},
		{map[string]string{"FORCE_COLOR": "1", "TERM": "dumb"}, true},
		{map[string]string{"FORCE_COLOR": "0"}, false},
		{map[string]string{"FORCE_COLOR": "1", "NO_COLOR": "1"}, false},
	}
	for _, tt := range tests {
		if got := Color(f, func(key string) string { return tt.env[key] }); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.env, got, tt.want)
		}
	}
	if Color(nil, func(string) string { return "" }) {
		t.Error("what is no file is no terminal")
	}
}

func TestShort(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "cmd", "x"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	short := Short(filepath.Join(dir, "cmd", "x"))
	for file, want := range map[string]string{
		filepath.Join(dir, "cmd", "x", "main.go"): "main.go",
		filepath.Join(dir, "internal", "y.go"): filepath.Join("..", "..", "internal",
			"y.go"),
		filepath.Join(dir+"2", "y.go"):                               filepath.Join(dir+"2", "y.go"),
		filepath.FromSlash("/home/g/go/pkg/mod/x.org/m@v1.2.0/e.go"): filepath.FromSlash("x.org/m@v1.2.0/e.go"),
		filepath.FromSlash("/home/g/pkg/mod/e.go"):                   filepath.FromSlash("/home/g/pkg/mod/e.go"),
		"example.com/m@v1.2.0/e.go":                                  "example.com/m@v1.2.0/e.go",
	} {
		if got := short(file); got != want {
			t.Errorf("Short(%q) = %q, want %q", file, got, want)
		}
	}
}

func TestRelative(t *testing.T) {
	for _, tt := range []struct{ dir, file, want string }{
		{"/src/app", "/src/app/x/y.go", "x/y.go"}, {"/src/app/", "/src/app/y.go", "y.go"},
		{"/src/app", "/src/apple/y.go", "/src/apple/y.go"},
		{"/", "/src/y.go", "/src/y.go"}, {"", "/src/y.go", "/src/y.go"}, {"/src", "m@v1/y.go", "m@v1/y.go"},
	} {
		if got := Relative(tt.dir)(tt.file); got != tt.want {
			t.Errorf("Relative(%q)(%q) = %q, want %q", tt.dir, tt.file, got, tt.want)
		}
	}
}
