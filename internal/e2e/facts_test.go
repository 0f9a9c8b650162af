package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A facts is the part of a pitfall's report that is the same in every run.
type facts struct {
	Counts   map[string]any `json:"counts"`
	Findings []findingFacts `json:"findings"`
	Bad      []badFacts     `json:"bad"` // the goroutines that are neither ok nor idle
}

type findingFacts struct {
	Kind       string   `json:"kind"`
	Certainty  string   `json:"certainty"`
	Proof      string   `json:"proof,omitempty"`
	Goroutines int      `json:"goroutines"` // how many
	Root       string   `json:"root"`       // its place
	Title      string   `json:"title"`
	Why        []string `json:"why"`
	Fix        string   `json:"fix"`
}

type badFacts struct {
	Verdict  string   `json:"verdict"`
	Probe    string   `json:"probe"`
	WaitsOn  string   `json:"waits_on,omitempty"`
	Holders  []string `json:"holders,omitempty"`
	Holds    []string `json:"holds,omitempty"`
	CouldEnd []string `json:"could_end,omitempty"`
}

// reEnded matches the place of a goroutine that could end a wait. A goroutine that computes is elsewhere each time, or
// at an unknown place.
var reEnded = regexp.MustCompile(`(ended by goroutine (\d+)) at [^ ,]+`)

// factsOf extracts the facts from a report. A lock with several names has the name of the newest wait, so the first of
// names replaces all of names.
func factsOf(t *testing.T, text []byte, names []string) []byte {
	t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(normalize(t, text), &doc); err != nil {
		t.Fatal(err)
	}
	one := func(s string) string { return s }
	if len(names) > 0 {
		re := regexp.MustCompile(`\bmutex (` + strings.Join(names, "|") + `)( |$)`)
		one = func(s string) string { return re.ReplaceAllString(s, "mutex "+names[0]+"$2") }
	}
	at := make(map[string]string)
	computes := make(map[string]bool)
	f := facts{Counts: doc["counts"].(map[string]any)}
	for _, g := range objects(doc["goroutines"]) {
		id := fmt.Sprint(g["id"])
		at[id] = spot(g["probe"])
		computes[id] = g["state"] == "running"
		if g["verdict"] == "ok" || g["verdict"] == "idle" {
			continue
		}
		b := badFacts{Verdict: g["verdict"].(string), Probe: at[id]}
		if o, ok := g["waits_on"].(map[string]any); ok {
			b.WaitsOn = one(strings.TrimSpace(fmt.Sprint(o["kind"], " ", cmp.Or(str(o["expr"]), str(o["path"])))))
			for _, h := range objects(o["holders"]) {
				b.Holders = append(b.Holders, spot(h))
			}
		}
		for _, h := range objects(g["holds"]) {
			b.Holds = append(b.Holds, spot(h["probe"]))
		}
		for _, w := range objects(g["could_end"]) {
			who := cmp.Or(str(w["timer"]), str(w["finalizer"]), str(w["cleanup"]), str(w["global"]))
			if w["goroutine"] != nil {
				who = fmt.Sprint("goroutine ", w["goroutine"])
			}
			b.CouldEnd = append(b.CouldEnd, who)
		}
		slices.Sort(b.CouldEnd) // by the length of paths, which depend on the goroutines' positions
		f.Bad = append(f.Bad, b)
	}
	slices.SortFunc(f.Bad, func(a, b badFacts) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	for _, x := range objects(doc["findings"]) {
		ids, _ := x["goroutines"].([]any)
		d := findingFacts{
			Kind: str(x["kind"]), Certainty: str(x["certainty"]), Proof: str(x["proof"]), Goroutines: len(ids),
			Root:  at[fmt.Sprint(x["root"])],
			Title: one(str(x["title"])), Fix: one(str(x["fix"])),
		}
		why, _ := x["why"].([]any)
		for _, line := range why {
			if strings.HasPrefix(str(line), "waits at ") {
				continue // the number of waits longer than a tick depends on the machine
			}
			d.Why = append(d.Why, reEnded.ReplaceAllStringFunc(one(str(line)), func(s string) string {
				if m := reEnded.FindStringSubmatch(s); computes[m[2]] {
					return m[1]
				}
				return s
			}))
		}
		f.Findings = append(f.Findings, d)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(f); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

// spot returns where a probe is, or a holder took its lock, and the operation there.
func spot(v any) string {
	p, _ := v.(map[string]any)
	if p == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%v:%v %s", p["file"], p["line"], str(p["expr"])))
}
