package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"github.com/joshdk/go-junit"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A document is what is known of a report from its JSON.
type document struct {
	Findings []struct {
		Kind       string
		Goroutines []int64
	}
	Goroutines []struct {
		ID      int64
		Phase   string
		History []any
	}
}

// An opener opens a format with a tool that is not ours, and returns what it saw.
type opener struct {
	format, tool string
	open         func(ctx context.Context, work, file string, doc *document) (saw string, err error)
}

var openers = []opener{
	{"html", "Chromium", openHTML},
	{"dot", "Graphviz", openDot},
	{"pprof", "go tool pprof", openPprof},
	{"trace", "Catapult, the viewer of chrome://tracing", openTrace},
	{"junit", "xmllint", openXML},
	{"junit", "github.com/joshdk/go-junit", openJUnit},
	{"sarif", "the JSON schema of 2.1.0", openSchema},
	{"sarif", "Microsoft's SARIF Multitool", openSARIF},
}

// same is an error if the tool has seen another number of something than the report has.
func same(what string, saw, want int) error {
	if saw != want {
		return fmt.Errorf("%d %s, and the report has %d", saw, what, want)
	}
	return nil
}

func openHTML(ctx context.Context, work, file string, doc *document) (string, error) {
	text, err := chromium(ctx, work, "file://"+file)
	if err != nil {
		return "", err
	}
	cards := strings.Count(text, `<article class="card`)
	return fmt.Sprintf("%d findings", cards), same("findings", cards, len(doc.Findings))
}

// chromium returns the page at url after its scripts have run.
func chromium(ctx context.Context, work, url string) (string, error) {
	// --no-sandbox is for root.
	return output(ctx, work, "chromium", "--headless", "--no-sandbox", "--disable-gpu",
		"--user-data-dir="+filepath.Join(work, "chromium"),
		"--virtual-time-budget=20000", "--dump-dom", url)
}

func openDot(ctx context.Context, work, file string, doc *document) (string, error) {
	svg, err := output(ctx, work, "dot", "-Tsvg", file)
	if err != nil {
		return "", err
	}
	nodes, edges := strings.Count(svg, `class="node"`), strings.Count(svg, `class="edge"`)
	stuck := make(map[int64]bool)
	for _, f := range doc.Findings {
		for _, id := range f.Goroutines {
			stuck[id] = true
		}
	}
	goroutines := len(regexp.MustCompile(`>(goroutine \d+|\d+ goroutines)[ <]`).FindAllString(svg, -1))
	if goroutines == 0 || goroutines > len(stuck) || edges == 0 {
		return "", fmt.Errorf("%d nodes of goroutines and %d edges for %d goroutines", goroutines, edges, len(stuck))
	}
	return fmt.Sprintf("%d nodes, %d edges", nodes, edges), nil
}

func openPprof(ctx context.Context, work, file string, doc *document) (string, error) {
	top, err := output(ctx, work, "go", "tool", "pprof", "-top", "-sample_index=goroutines", file)
	if err != nil {
		return "", err
	}
	m := regexp.MustCompile(`of (\d+) total`).FindStringSubmatch(top)
	if m == nil {
		return "", fmt.Errorf("no total in: %s", top)
	}
	n, _ := strconv.Atoi(m[1])
	return fmt.Sprintf("%d goroutines", n), same("goroutines", n, len(doc.Goroutines))
}

//go:embed catapult.html
var catapult []byte

// openTrace opens a trace with the importer of chrome://tracing, which the go command ships for its own traces.
func openTrace(ctx context.Context, work, file string, doc *document) (string, error) {
	static := filepath.Join(runtime.GOROOT(), "src/internal/trace/traceviewer/static")
	mux := http.NewServeMux()
	mux.Handle("/static/", http.StripPrefix("/static/", http.FileServer(http.Dir(static))))
	mux.HandleFunc("/trace", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) { w.Write(catapult) })
	server := httptest.NewServer(mux)
	defer server.Close()
	page, err := chromium(ctx, work, server.URL+"/")
	if err != nil {
		return "", err
	}
	m := regexp.MustCompile(`(?s)<body>(.*)</body>`).FindStringSubmatch(page)
	if m == nil {
		return "", fmt.Errorf("no body in the page")
	}
	var saw struct {
		Processes, Threads, Warnings []string
		Slices                       int
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &saw); err != nil {
		return "", fmt.Errorf("%s: %w", m[1], err)
	}
	if len(saw.Warnings) > 0 {
		return "", fmt.Errorf("it warns: %s", strings.Join(saw.Warnings, "; "))
	}
	slices := 0
	for _, g := range doc.Goroutines {
		if slices += len(g.History); g.Phase == "waiting" {
			slices++
		}
	}
	if err := same("slices", saw.Slices, slices); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d threads, %d slices", len(saw.Threads), saw.Slices),
		same("threads", len(saw.Threads), len(doc.Goroutines))
}

func openXML(ctx context.Context, work, file string, doc *document) (string, error) {
	n, err := output(ctx, work, "xmllint", "--nonet", "--xpath", "count(/testsuites/testsuite/testcase)", file)
	if err != nil {
		return "", err
	}
	cases, err := strconv.Atoi(strings.TrimSpace(n))
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d test cases", cases), same("test cases", cases, len(doc.Findings))
}

func openJUnit(_ context.Context, _, file string, doc *document) (string, error) {
	suites, err := junit.IngestFile(file)
	if err != nil {
		return "", err
	}
	tests, failed := 0, 0
	for _, s := range suites {
		tests += s.Totals.Tests
		failed += s.Totals.Failed
	}
	return fmt.Sprintf("%d tests, %d failed", tests, failed), same("tests", tests, len(doc.Findings))
}

// multitool is the package of npm that has Microsoft's validator, with the schema.
const multitool = "@microsoft/sarif-multitool-linux@5.7.0"

// sarifTools installs the validator below work, once, and returns its folder.
func sarifTools(ctx context.Context, work string) (string, error) {
	dir := filepath.Join(work, "node_modules/@microsoft/sarif-multitool-linux")
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	return dir, command(ctx, work, "npm", "install", "--prefix", work, "--no-audit", "--no-fund", "--ignore-scripts",
		multitool)
}

func openSchema(ctx context.Context, work, file string, doc *document) (string, error) {
	dir, err := sarifTools(ctx, work)
	if err != nil {
		return "", err
	}
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(dir, "sarif-2.1.0.json"))
	if err != nil {
		return "", err
	}
	r, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer r.Close()
	log, err := jsonschema.UnmarshalJSON(r)
	if err != nil {
		return "", err
	}
	return "valid", schema.Validate(log)
}

func openSARIF(ctx context.Context, work, file string, doc *document) (string, error) {
	dir, err := sarifTools(ctx, work)
	if err != nil {
		return "", err
	}
	tool := filepath.Join(dir, "Sarif.Multitool")
	if err := os.Chmod(tool, 0o700); err != nil {
		return "", err
	}
	out, err := output(ctx, work, tool, "validate", file)
	if err != nil {
		return "", err
	}
	var said []string
	for line := range strings.Lines(out) {
		if _, rest, ok := strings.Cut(line, "): "); ok {
			said = append(said, strings.TrimSpace(rest))
		}
	}
	for _, line := range said {
		if strings.HasPrefix(line, "error") {
			return "", fmt.Errorf("%s", strings.Join(said, "; "))
		}
	}
	return strings.Join(append([]string{"valid"}, said...), "; "), nil
}
