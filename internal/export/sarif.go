package export

import (
	"encoding/json"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/awaittrace/awaittrace/internal/report"
)

// The types below are those of SARIF 2.1.0 (docs.oasis-open.org/sarif/sarif/v2.1.0) that a report needs.

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool    sarifTool          `json:"tool"`
	BaseIDs map[string]sarifAt `json:"originalUriBaseIds,omitempty"`
	Results []sarifResult      `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	URI     string      `json:"informationUri"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID    string    `json:"id"`
	Short sarifText `json:"shortDescription"`
}

type sarifText struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations,omitempty"`
	Related   []sarifLocation `json:"relatedLocations,omitempty"`
	// Properties carry what SARIF has no place for.
	Properties map[string]any `json:"properties,omitempty"`
}

type sarifLocation struct {
	ID       *int          `json:"id,omitempty"`
	Physical sarifPhysical `json:"physicalLocation"`
	Message  *sarifText    `json:"message,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifAt      `json:"artifactLocation"`
	Region   *sarifRegion `json:"region,omitempty"`
}

type sarifAt struct {
	URI  string `json:"uri"`
	Base string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	Line int `json:"startLine"`
}

// kindText says what a finding of a kind is, for the list of rules.
var kindText = map[string]string{
	"deadlock":         "Goroutines wait for each other.",
	"orphaned-lock":    "The goroutine that held the lock has exited.",
	"missing-done":     "A WaitGroup is owed a Done by a goroutine that has exited.",
	"leak":             "Nothing can ever wake the goroutine.",
	"growth":           "Goroutines of one place become more and more.",
	"exhausted-pool":   "All tokens of a pool are taken.",
	"no-answer":        "A call without a deadline gets no answer.",
	"stuck":            "The goroutine has waited for longer than it should.",
	"unread-peer":      "The peer of a connection does not read.",
	"busy":             "The goroutine uses a processor without an end.",
	"lock-across-wait": "A lock is held across a wait, and others wait for it.",
	"full-channel":     "A channel is full and nobody drains it.",
	"lock-order":       "Two locks are taken in both orders.",
}

// SARIF writes the findings for code scanning: certain ones as errors, likely ones as warnings, possible ones as notes.
func SARIF(w io.Writer, doc *report.Document, opt Options) error {
	x := newIndex(doc)
	run := sarifRun{
		Tool: sarifTool{sarifDriver{Name: "awaittrace", Version: sarifVersion(opt.Version),
			URI: "https://github.com/awaittrace/awaittrace", Rules: []sarifRule{}}},
		Results: []sarifResult{},
	}
	if opt.Dir != "" {
		run.BaseIDs = map[string]sarifAt{"%SRCROOT%": {URI: fileURI(opt.Dir) + "/"}}
	}
	rules := map[string]int{}
	for i := range doc.Findings {
		f := &doc.Findings[i]
		rule, ok := rules[f.Kind]
		if !ok {
			rule = len(run.Tool.Driver.Rules)
			rules[f.Kind] = rule
			about := kindText[f.Kind]
			if about == "" {
				about = f.Kind
			}
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{f.Kind, sarifText{about}})
		}
		level := map[string]string{"certain": "error", "likely": "warning"}[f.Certainty]
		if level == "" {
			level = "note"
		}
		r := sarifResult{
			RuleID: f.Kind, RuleIndex: rule, Level: level, Message: sarifText{about(f) + "\n" + text(f)},
			Properties: map[string]any{"certainty": f.Certainty, "goroutines": len(f.Goroutines)},
		}
		at := x.site(f)
		if at.line > 0 {
			r.Locations = []sarifLocation{{Physical: opt.physical(at)}}
		}
		r.Related = opt.related(x, f, at)
		run.Results = append(run.Results, r)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{
		Schema:  "https://json.schemastore.org/sarif-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	})
}

// sarifVersion returns a version as readers of SARIF compare it, which begins with a number.
func sarifVersion(version string) string {
	version = strings.TrimPrefix(version, "v")
	if version != "" && (version[0] < '0' || version[0] > '9') {
		return "0.0.0-" + version
	}
	return version
}

// maxRelated bounds the places of one result besides the first.
const maxRelated = 16

// related lists the places of f other than lead, each once: where its goroutines are, and where it says that
// something was done.
func (opt Options) related(x index, f *report.Finding, lead site) []sarifLocation {
	var list []sarifLocation
	seen := map[site]bool{lead: true}
	add := func(s site, text string) {
		if s.line == 0 || seen[s] || len(list) == maxRelated {
			return
		}
		seen[s] = true
		n := len(list)
		list = append(list, sarifLocation{ID: &n, Physical: opt.physical(s), Message: &sarifText{text}})
	}
	for _, id := range f.Goroutines {
		if g := x.at[id]; g != nil {
			text, _, _ := strings.Cut(opt.does(g), "\n")
			add(place(g), text)
		}
	}
	for i := range f.Places {
		add(probeSite(&f.Places[i]), f.Places[i].Expr)
	}
	return list
}

func (opt Options) physical(s site) sarifPhysical {
	at := sarifAt{URI: fileURI(s.file)}
	if rel := opt.relative(s.file); rel != s.file {
		at = sarifAt{URI: (&url.URL{Path: rel}).String(), Base: "%SRCROOT%"}
	}
	return sarifPhysical{Artifact: at, Region: &sarifRegion{s.line}}
}

// fileURI returns the URI of a file.
func fileURI(file string) string {
	if !filepath.IsAbs(file) {
		return (&url.URL{Path: filepath.ToSlash(file)}).String()
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(file)}).String()
}
