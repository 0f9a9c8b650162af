package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestHealthy runs all programs of testdata/healthy at once, in one process, and looks at it twice. No finding may be
// certain or likely. scripts/healthy runs each program alone.
func TestHealthy(t *testing.T) {
	if testing.Short() {
		t.Skip("takes twelve seconds")
	}
	t.Parallel()
	p := start(t, nil, build(t, true, filepath.Join(testdata, "healthy"), "."), "all", "1m")
	for range 2 {
		time.Sleep(5 * time.Second)
		r, _ := p.json("-after", "1s")
		for _, f := range r.Findings {
			if f.Certainty != "certain" && f.Certainty != "likely" {
				continue
			}
			t.Errorf("in %s: %s (%s): %s", where(r, f), f.Kind, f.Certainty, f.Title)
		}
	}
}

// where returns the function of testdata/healthy that has the root of a finding.
func where(r report, f finding) string {
	i := slices.IndexFunc(r.Goroutines, func(g goroutine) bool {
		return g.ID == f.Root || f.Root == 0 && len(f.Goroutines) > 0 && g.ID == f.Goroutines[0]
	})
	if i < 0 {
		return "?"
	}
	name := "?"
	for _, fr := range r.Goroutines[i].Stack {
		fn, ok := strings.CutPrefix(fr.Func, "main.")
		if fn, _, _ = strings.Cut(fn, ".func"); ok && fn != "start" && fn != "run" && fn != "main" {
			name = fn
		}
	}
	return name
}
