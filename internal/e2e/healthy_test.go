package e2e

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// knownFalse are the functions of testdata/healthy of which something is told that is wrong, with what it is. None may be added.
var knownFalse = map[string]string{
	"afterSend":     "a timer's function will take what is sent",
	"busySemaphore": "it goes on: every slot is free again after 0.2 seconds",
	"graceful":      "the handlers that Shutdown waits for have a deadline",
	"lockConvoy":    "it goes on: every turn takes 40 milliseconds",
	"shutdownHook":  "a context that never ends is idle by intent",
	"slowConsumer":  "it goes on: a value is taken every 30 milliseconds",
}

// TestHealthy runs the programs of testdata/healthy all at once, in one process, and looks at it twice: nothing that is certain or likely may be told.
// scripts/healthy runs each of them alone.
func TestHealthy(t *testing.T) {
	if testing.Short() {
		t.Skip("takes twelve seconds")
	}
	p := start(t, nil, build(t, true, filepath.Join(testdata, "healthy"), "."), "all", "1m")
	unseen := make(map[string]bool)
	for name := range knownFalse {
		unseen[name] = true
	}
	for range 2 {
		time.Sleep(5 * time.Second)
		r, _ := p.json("-after", "1s")
		for _, f := range r.Findings {
			if f.Certainty != "certain" && f.Certainty != "likely" {
				continue
			}
			name := where(r, f)
			if knownFalse[name] != "" {
				delete(unseen, name)
				continue
			}
			t.Errorf("in %s: %s (%s): %s", name, f.Kind, f.Certainty, f.Title)
		}
	}
	for name := range unseen {
		t.Errorf("nothing is told of %s now: take it out of the table", name)
	}
}

// where returns the function of testdata/healthy that the root of a finding is in.
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
