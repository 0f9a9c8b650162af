package report

import (
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
)

// A Group is the goroutines of one verdict that are at the same place.
type Group struct {
	Verdict diagnose.Verdict
	Place   string // what they do, and where
	IDs     []int64
	Oldest  time.Duration // since the first of them came there; 0: unknown
}

// Groups returns all goroutines of r in groups, those in trouble first.
func Groups(r *diagnose.Report) []Group {
	t := newText(nil, r, TextOptions{})
	var groups []Group
	for _, phrases := range [][]phrase{sick, healthy} {
		for _, p := range phrases {
			for _, c := range t.crowds(p.verdict) {
				groups = append(groups, Group{p.verdict, c.place, c.ids, c.most})
			}
		}
	}
	return groups
}

// Program returns a line about the program of r.
func Program(r *diagnose.Report) string { return newText(nil, r, TextOptions{}).process() }
