package report

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/awaittrace/awaittrace/internal/diagnose"
)

// TestBy groups the goroutines of testdata/labels.txtar by labels that some, one, and none of them have.
func TestBy(t *testing.T) {
	b, err := os.ReadFile("testdata/labels.txtar")
	if err != nil {
		t.Fatal(err)
	}
	r := diagnose.Analyze(parse(t, string(txtar.Parse(b).Files[0].Data)), diagnose.Options{})
	for label, want := range map[string]string{
		"path": `
by path:
2  /transfer            2 waiting for too long           longest 48s
1  /report              1 waiting for too long           longest 49s
1  "a\x1b[31m b\nc"     1 waiting for what can never come  longest 49s
1  (no such label)      1 going on
`,
		"method": `
by method:
1  GET              1 waiting for too long                                                     longest 49s
1  POST             1 waiting for too long                                                     longest 48s
3  (no such label)  1 waiting for what can never come, 1 waiting for too long, 1 going on  longest 49s
`,
		"user": `
no goroutine has the profiler label user; there are method, path, trace_id
`,
	} {
		var b bytes.Buffer
		if err := Text(&b, r, TextOptions{By: label}); err != nil {
			t.Fatal(err)
		}
		words := func(s string) string { return strings.Join(strings.Fields(s), " ") }
		if !strings.Contains(words(b.String()), words(want)) {
			t.Errorf("by %s:\n%s\nwant in it:\n%s", label, b.String(), want)
		}
		d := NewDocument(r)
		d.GroupBy(r, label)
		n := 0
		for _, g := range d.By.Groups {
			n += g.Counts.Goroutines
		}
		if want := len(r.Snapshot.Goroutines); n != want || d.By.Label != label {
			t.Errorf("JSON by %s: %d goroutines of %d: %v", label, n, want, fmt.Sprintf("%+v", d.By))
		}
	}
}
