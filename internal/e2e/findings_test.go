package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// placeholders maps the placeholders of normalize to patterns of what they stand for.
var placeholders = strings.NewReplacer(
	"TIME", `\d+(\.\d+)?(ms|s)`, "PLACE", `.+`, "ADDRESS", `[\d.:]+`, "SOME", `\d+`, "pid N", `pid \d+`, "thread N",
	`thread \d+`, `\$TMP`, `/.+`,
)

var reGoroutineIDs = regexp.MustCompile(`goroutines? \d+( and \d+)?`)

// TestFindings checks that the findings in docs/findings.md are those of the pitfalls' goldens, line by line.
func TestFindings(t *testing.T) {
	page, err := os.ReadFile("../../docs/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	var shown []string
	for line := range strings.Lines(string(page)) {
		shown = append(shown, strings.TrimSpace(line))
	}
	for _, p := range pitfalls {
		if p.name == "timeout" { // another busy one
			continue
		}
		text, err := os.ReadFile(filepath.Join(testdata, "pitfalls", p.name, "facts.json"))
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			Findings []struct {
				Kind, Title, Fix string
				Why              []string
			}
		}
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		for _, f := range r.Findings {
			if f.Kind != p.finding {
				continue
			}
			if !shows(shown, f.Kind+": "+f.Title) || !shows(shown, "fix: "+f.Fix) {
				t.Errorf("docs/findings.md does not show\n%s: %s\nfix: %s", f.Kind, f.Title, f.Fix)
			}
			why := 0
			for _, line := range f.Why {
				if shows(shown, line) {
					why++
				}
			}
			if why < min(2, len(f.Why)) {
				t.Errorf("of %s docs/findings.md shows %d of the steps:\n%s", f.Kind, why, strings.Join(f.Why, "\n"))
			}
		}
	}
}

// shows reports whether one of the lines is that of a golden, except for what differs each time.
func shows(lines []string, golden string) bool {
	golden = strings.ReplaceAll(golden, "$REPO/testdata/pitfalls/", "")
	pattern := reGoroutineIDs.ReplaceAllStringFunc(regexp.QuoteMeta(golden), func(s string) string {
		return regexp.MustCompile(`\d+`).ReplaceAllString(s, `\d+`)
	})
	re := regexp.MustCompile(`^` + placeholders.Replace(pattern) + `( \((likely|possible)\))?$`)
	for _, line := range lines {
		if re.MatchString(line) {
			return true
		}
	}
	return false
}
