package reportcase

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A Report is the part of awaittrace's report that is checked.
type Report struct {
	Text string // as people read it
	JSON []byte
}

// document is the JSON.
type document struct {
	Findings []*told `json:"findings"`

	Goroutines []goroutine `json:"goroutines"`
}

type goroutine struct {
	ID       int64   `json:"id"`
	Probe    *place  `json:"probe"`
	WaitsOn  object  `json:"waits_on"`
	Stack    []place `json:"stack"`
	CouldEnd []any   `json:"could_end"`
}

type object struct {
	Holders []any `json:"holders"`
}

// told is a finding of the report.
type told struct {
	Kind, Certainty string
	Proof           string
	Goroutines      []int64
	Root            int64
	Title, Fix      string
	Why             []string

	text   string   // title, why and fix
	places []string // of the root's probe and frames
}

type place struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

func (f *told) counts() bool { return f.Certainty == "certain" || f.Certainty == "likely" }

func (f *told) String() string { return fmt.Sprintf("%s (%s): %s", f.Kind, f.Certainty, f.Title) }

// wrong are phrases that no report should have, whatever it tells.
var wrong = []*regexp.Regexp{
	regexp.MustCompile(`%2e`),
	regexp.MustCompile(`goroutine \d+ is syscall`),
	regexp.MustCompile(`src/debug/\w+\.go`), // a frame of the collector
}

// Check returns what the run expects otherwise; nothing if all is as expected. A run with a todo is as expected if some
// of it is not.
func (r *Run) Check(rep *Report) []string {
	problems, err := r.problems(rep)
	switch {
	case err != nil:
		return []string{err.Error()}
	case r.Todo == "":
		return problems
	case len(problems) == 0:
		return []string{fmt.Sprintf("all is reported now: delete the line todo: %s", r.Todo)}
	}
	return nil
}

// Problems returns what the run expects otherwise, whether or not it has a todo.
func (r *Run) Problems(rep *Report) []string {
	problems, err := r.problems(rep)
	if err != nil {
		return []string{err.Error()}
	}
	return problems
}

func (r *Run) problems(rep *Report) (problems []string, err error) {
	d, err := parse(rep.JSON)
	if err != nil {
		return nil, err
	}
	findings := d.Findings
	say := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	var all strings.Builder
	for _, f := range findings {
		all.WriteString(f.text)
		for _, re := range wrong {
			if m := re.FindString(f.text); m != "" {
				say("%s: has %q", f, m)
			}
		}
		if strings.Contains(f.Title, " 0x") {
			say("%s: an address in the title", f)
		}
	}
	lookFor(say, "the list of findings", all.String(), r.Say, r.Not)
	lookFor(say, "the text report", rep.Text, r.Text, r.Never)
	expected := make(map[*told]bool)
	for _, want := range r.Findings {
		if f := want.match(findings, expected, say); f != nil {
			expected[f] = true
		}
	}
	if !r.Others || r.Nothing {
		for _, f := range findings {
			if f.counts() && !expected[f] {
				say("told besides: %s", f)
			}
		}
	}
	return problems, nil
}

// parse reads the JSON of a report.
func parse(text []byte) (*document, error) {
	d := new(document)
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("the report is not JSON: %w", err)
	}
	for _, f := range d.Findings {
		f.text = f.Title + "\n" + strings.Join(f.Why, "\n") + "\n" + f.Fix + "\n"
		root := f.Root
		if root == 0 && len(f.Goroutines) > 0 {
			root = f.Goroutines[0]
		}
		for _, g := range d.Goroutines {
			if g.ID != root {
				continue
			}
			f.places = append(f.places, g.places()...)
		}
	}
	return d, nil
}

// places returns where the goroutine is: its probe and its frames.
func (g *goroutine) places() (list []string) {
	if g.Probe != nil {
		list = append(list, fmt.Sprintf("/%s:%d", g.Probe.File, g.Probe.Line))
	}
	for _, fr := range g.Stack {
		list = append(list, fmt.Sprintf("/%s:%d", fr.File, fr.Line))
	}
	return list
}

// match returns the finding that is meant by want, and says what is wrong with it.
func (want *Finding) match(findings []*told, taken map[*told]bool, say func(string, ...any)) *told {
	var best *told
	var least []string
	for _, f := range findings {
		if taken[f] || !slices.Contains(want.Kinds, f.Kind) {
			continue
		}
		var problems []string
		want.check(f, func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) })
		if best == nil || len(problems) < len(least) {
			best, least = f, problems
		}
	}
	if best == nil {
		say("no finding %s (%s) at %s", strings.Join(want.Kinds, "|"), strings.Join(want.Certainties, "|"),
			strings.Join(want.Root, " or "))
		return nil
	}
	for _, p := range least {
		say("%s: %s", best, p)
	}
	return best
}

func (want *Finding) check(f *told, say func(string, ...any)) {
	if !slices.Contains(want.Certainties, f.Certainty) {
		say("it is %s, want %s", f.Certainty, strings.Join(want.Certainties, "|"))
	}
	if len(want.Root) > 0 && !slices.ContainsFunc(want.Root, f.rootAt) {
		say("its root, goroutine %d, is not at %s", f.Root, strings.Join(want.Root, " or "))
	}
	if n := len(f.Goroutines); want.Goroutines > 0 && (n < want.Goroutines || n > want.Goroutines && !want.OrMore) {
		say("it has %d goroutines, want %d", n, want.Goroutines)
	}
	lookFor(say, "it", f.text, want.Say, want.Not)
}

func (f *told) rootAt(at string) bool {
	return slices.ContainsFunc(f.places, func(p string) bool { return strings.HasSuffix(p, "/"+at) })
}

// lookFor looks for phrases that must and must not be in text.
func lookFor(say func(string, ...any), what, text string, must, mustNot []Phrase) {
	for _, p := range must {
		if !p.In(text) {
			say("%s lacks %q", what, p)
		}
	}
	for _, p := range mustNot {
		if p.In(text) {
			say("%s has %q", what, p)
		}
	}
}
