package report

import (
	"io"
	"slices"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// Tests returns the names of the tests that the goroutines of f belong to, sorted.
func Tests(s *snapshot.Snapshot, f *diagnose.Finding) []string {
	var names []string
	for _, id := range f.Goroutines {
		i, ok := s.Find(id)
		if ok && s.Goroutines[i].Test != nil {
			names = append(names, s.Goroutines[i].Test.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// LockOrders returns the findings of r about orders of locks.
func LockOrders(r *diagnose.Report) []diagnose.Finding {
	var found []diagnose.Finding
	for _, f := range r.Findings {
		if f.Kind == diagnose.KindLockOrder {
			found = append(found, f)
		}
	}
	return found
}

// Findings writes findings of r to w for people, with empty lines between, and nothing about the whole program.
func Findings(w io.Writer, r *diagnose.Report, findings []diagnose.Finding, opt TextOptions) error {
	t := newText(w, r, opt)
	for i := range findings {
		if i > 0 {
			t.line("")
		}
		t.finding(&findings[i])
	}
	return t.Flush()
}
