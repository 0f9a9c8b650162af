package main

import "time"

// A document is as much of a report in JSON as we need: see the schema awaittrace.report/1.
type document struct {
	Findings   []finding        `json:"findings"`
	Goroutines []reportedStatus `json:"goroutines"`
}

type finding struct {
	Kind       string   `json:"kind"`
	Certainty  string   `json:"certainty"`
	Goroutines []int64  `json:"goroutines"`
	Title      string   `json:"title"`
	Why        []string `json:"why"`
}

type reportedStatus struct {
	ID      int64  `json:"id"`
	Verdict string `json:"verdict"`
	SinceNS int64  `json:"since_ns"`
	Probe   *struct {
		Op   string `json:"op"`
		File string `json:"file"`
		Line int    `json:"line"`
	} `json:"probe"`
	WaitsOn *struct {
		object
		Cases []object `json:"cases"`
	} `json:"waits_on"`
}

type object struct {
	Expr     string `json:"expr"`
	Holders  []fact `json:"holders"`
	Made     *fact  `json:"made"`
	LastSend *fact  `json:"last_send"`
	LastRecv *fact  `json:"last_recv"`
}

type fact struct {
	Goroutine int64 `json:"goroutine"`
}

// counts reports whether a finding counts: what is only possible does not.
func (f *finding) counts() bool { return f.Certainty != "possible" }

// findingOf returns the finding that explains goroutine id, or nil: one that counts, if there is one.
func (d *document) findingOf(id int64) *finding {
	var found *finding
	for i := range d.Findings {
		f := &d.Findings[i]
		for _, g := range f.Goroutines {
			if g == id && (found == nil || f.counts()) {
				found = f
			}
		}
	}
	return found
}

// hasMoved reports whether goroutine id came to where it is less than the time given ago.
func (d *document) hasMoved(id int64, since time.Duration) bool {
	st := d.status(id)
	return st != nil && st.Probe != nil && time.Duration(st.SinceNS) < since && d.findingOf(id) == nil
}

func (d *document) status(id int64) *reportedStatus {
	for i := range d.Goroutines {
		if d.Goroutines[i].ID == id {
			return &d.Goroutines[i]
		}
	}
	return nil
}
