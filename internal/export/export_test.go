package export_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/awaittrace/awaittrace/internal/export"
	"github.com/awaittrace/awaittrace/internal/report"
)

var update = flag.Bool("u", false, "renew the goldens in testdata")

// documents are the reports in testdata: one of a deadlock with what comes with it, one of a program in which nothing
// is stuck, and one whose strings are made to break out of every format.
func documents(t *testing.T) map[string]*report.Document {
	t.Helper()
	names, err := filepath.Glob("testdata/*.json")
	if err != nil || len(names) == 0 {
		t.Fatal("no documents", err)
	}
	docs := make(map[string]*report.Document)
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		doc := new(report.Document)
		if err := json.Unmarshal(b, doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		docs[strings.TrimSuffix(filepath.Base(name), ".json")] = doc
	}
	return docs
}

func write(t *testing.T, format string, doc *report.Document) []byte {
	t.Helper()
	f, ok := export.Find(format)
	if !ok {
		t.Fatalf("there is no format %q", format)
	}
	opt := export.Options{Dir: "/src/app", Source: func(name string) ([]byte, error) {
		if name != "/src/app/main.go" {
			return nil, errors.New("not found")
		}
		return []byte(strings.Repeat("\tline </script><script>alert(1)</script>\n", 100)), nil
	}}
	var b bytes.Buffer
	if err := f.Write(&b, doc, opt); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes()
}

func TestGoldens(t *testing.T) {
	for name, doc := range documents(t) {
		for _, format := range []string{"dot", "trace", "junit", "sarif", "github"} {
			t.Run(name+"/"+format, func(t *testing.T) {
				got := write(t, format, doc)
				golden := filepath.Join("testdata", name+"."+format)
				if *update {
					if err := os.WriteFile(golden, got, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("%s differs (go test -u renews it):\n%s", golden, got)
				}
				if again := write(t, format, doc); !bytes.Equal(got, again) {
					t.Error("a second time it is written differently")
				}
			})
		}
	}
}

// TestForms holds that what is written can be read by a parser of its format, and that the number of findings is the
// document's.
func TestForms(t *testing.T) {
	for name, doc := range documents(t) {
		t.Run(name, func(t *testing.T) {
			var suites struct {
				Suites []struct {
					Cases []struct{} `xml:"testcase"`
				} `xml:"testsuite"`
			}
			if err := xml.Unmarshal(write(t, "junit", doc), &suites); err != nil {
				t.Error("junit:", err)
			} else if n := len(suites.Suites[0].Cases); n != max(len(doc.Findings), 1) {
				t.Errorf("junit has %d test cases for %d findings", n, len(doc.Findings))
			}
			var trace struct {
				Events []struct {
					Phase string  `json:"ph"`
					Time  float64 `json:"ts"`
				} `json:"traceEvents"`
			}
			if err := json.Unmarshal(write(t, "trace", doc), &trace); err != nil {
				t.Error("trace:", err)
			}
			for _, e := range trace.Events {
				if e.Time < 0 || !strings.Contains("MXi", e.Phase) {
					t.Errorf("trace has an event %+v", e)
				}
			}
			lines := strings.Split(strings.TrimSuffix(string(write(t, "github", doc)), "\n"), "\n")
			if n := len(lines); n != max(len(doc.Findings), 1) {
				t.Errorf("github has %d lines for %d findings", n, len(doc.Findings))
			}
			for _, l := range lines {
				if l != "" && !regexp.MustCompile(`^::(error|warning|notice) [^\r]*::`).MatchString(l) {
					t.Errorf("github has the line %q", l)
				}
			}
		})
	}
}

func TestSARIFVersion(t *testing.T) {
	for version, want := range map[string]string{"v1.2.3": "1.2.3", "devel": "0.0.0-devel", "": ""} {
		var b bytes.Buffer
		if err := export.SARIF(&b, new(report.Document), export.Options{Version: version}); err != nil {
			t.Fatal(err)
		}
		var log struct {
			Runs []struct {
				Tool struct{ Driver struct{ Version string } }
			}
		}
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		if got := log.Runs[0].Tool.Driver.Version; got != want {
			t.Errorf("the version of %q is %q, want %q", version, got, want)
		}
	}
}

func TestPprof(t *testing.T) {
	for name, doc := range documents(t) {
		t.Run(name, func(t *testing.T) {
			p, err := profile.ParseData(write(t, "pprof", doc))
			if err != nil {
				t.Fatal(err)
			}
			var goroutines, kept int64
			for _, s := range p.Sample {
				goroutines += s.Value[0]
				kept += s.Value[2]
			}
			var want int64
			for _, f := range doc.Findings {
				want += int64(f.KeptBytes)
			}
			if goroutines != int64(len(doc.Goroutines)) || kept != want {
				t.Errorf("the samples have %d goroutines and %d bytes, want %d and %d", goroutines, kept,
					len(doc.Goroutines), want)
			}
		})
	}
}

// page takes a page apart: its policy, its data and its scripts.
func page(t *testing.T, text string) (policy, data string, scripts []string) {
	t.Helper()
	m := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(text)
	if m == nil {
		t.Fatal("the page has no policy")
	}
	for _, s := range regexp.MustCompile(`(?s)<script( [^>]*)?>(.*?)</script>`).FindAllStringSubmatch(text, -1) {
		if strings.Contains(s[1], "application/json") {
			data = s[2]
		} else {
			scripts = append(scripts, s[2])
		}
	}
	return html.UnescapeString(m[1]), data, scripts
}

func TestPage(t *testing.T) {
	for name, doc := range documents(t) {
		t.Run(name, func(t *testing.T) {
			policy, data, scripts := page(t, string(write(t, "html", doc)))
			if len(scripts) != 3 {
				t.Fatalf("the page has %d scripts, want 3: something from the report has become one", len(scripts))
			}
			for _, s := range scripts {
				sum := sha256.Sum256([]byte(s))
				if !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
					t.Error("the policy does not have the hash of a script")
				}
			}
			for _, loose := range []string{"unsafe", "http", "*"} {
				if strings.Contains(policy, loose) {
					t.Errorf("the policy is loose: %s", policy)
				}
			}
			var got struct {
				Findings []struct{ Title string }
				Details  map[string]*report.Goroutine
			}
			if err := json.Unmarshal([]byte(data), &got); err != nil {
				t.Fatal(err)
			}
			labels := make(map[int64]map[string]string)
			for _, g := range doc.Goroutines {
				labels[g.ID] = g.Labels
			}
			for i, f := range doc.Findings {
				want := report.Labelled(f.Title, map[string]bool{},
					func(id int64) map[string]string { return labels[id] })
				if got.Findings[i].Title != want {
					t.Errorf("a title is %q, want %q", got.Findings[i].Title, want)
				}
			}
			for _, g := range doc.Goroutines {
				if got.Details[fmt.Sprint(g.ID)] == nil {
					t.Errorf("goroutine %d has no details", g.ID)
				}
			}
		})
	}
}

// TestLargePage holds that a page stays small, however many goroutines there are.
func TestLargePage(t *testing.T) {
	doc := large(100_000)
	text := write(t, "html", doc)
	if len(text) > 400<<10 {
		t.Errorf("the page of %d goroutines has %d bytes, want at most 400 KiB", len(doc.Goroutines), len(text))
	}
}

// large returns a report with n goroutines at 40 places, half of which leak, and no two adjacent ones at the same.
func large(n int) *report.Document {
	doc := &report.Document{Schema: report.Schema, Complete: true,
		Process: report.Process{Pid: 1, Exe: "/bin/large", State: "live"}}
	doc.Counts.Goroutines = n
	const places = 40
	var stack []report.Frame
	for d := range 20 {
		stack = append(stack, report.Frame{Func: fmt.Sprintf("main.work%d", d), File: "/src/app/main.go", Line: d + 1})
	}
	for i := range places {
		doc.Findings = append(doc.Findings,
			report.Finding{Kind: "leak", Certainty: "likely", Title: fmt.Sprint("leak ", i), Why: []string{"because"}})
	}
	for i := range n {
		since := int64(i) * 1000
		at := i * 7 % places
		g := report.Goroutine{
			ID: int64(i + 1), State: "waiting", Verdict: "leaked", Phase: "waiting", SinceNS: &since,
			Probe:   &report.Probe{Op: "recv", Expr: "<-ch", Func: "main.work", File: "/src/app/main.go", Line: at + 1},
			WaitsOn: &report.Object{Kind: "chan", Addr: fmt.Sprintf("%#x", 0xc000000000+int64(i)*96), Expr: "ch"},
			Stack:   stack,
		}
		doc.Findings[at].Goroutines = append(doc.Findings[at].Goroutines, g.ID)
		doc.Goroutines = append(doc.Goroutines, g)
	}
	return doc
}

func BenchmarkPage(b *testing.B) {
	doc := large(10_000)
	for b.Loop() {
		if err := export.HTML(io.Discard, doc, export.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
