package inspect

import (
	"slices"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// cleanStacks removes from the stacks of s what the user's source does not have: collector frames, and functions that
// the compiler makes of go and defer statements. A stack of only such frames stays as it is.
func cleanStacks(s *snapshot.Snapshot) {
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		clean := slices.DeleteFunc(slices.Clone(g.Stack), func(f snapshot.Frame) bool {
			return snapshot.Collector(f.Func) || diagnose.Wrapper(f.Func)
		})
		if len(clean) > 0 {
			g.Stack = clean
		}
	}
}
