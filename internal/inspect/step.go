package inspect

// A step of a debugger passes over probes. Delve steps into every call, so a step at `x := <-ch`, which calls a probe,
// stops inside the collector. Such a step goes out again, and on from the middle of the line that it came from:
//
//	from line 7 ── step ──▶ debug.Recv ── out ──▶ line 7 ── step ──▶ line 8, or the user's own function
//
// An inlined probe cannot be left so, because it is part of the user's function; it is stepped through.
//
// The terminal and editors drive Delve over two protocols, and share this rule.

// maxMoves bounds the moves of a step, so that a bug here does not keep the user waiting.
const maxMoves = 100

// A Place is where a goroutine is.
type Place struct {
	File, Func string
	Line       int
	// Collector means that it is in a collector function, Inlined that it is in one that was inlined into the user's.
	Collector, Inlined bool
}

// A Move is how a step goes on.
type Move int

// The moves. To step on is to repeat what the user asked for.
const (
	StepDone Move = iota
	StepOut
	StepOn
)

// A Step is a step that the user asked for. It is not safe for concurrent use.
type Step struct {
	from  Place
	moves int
}

// NewStep begins a step from the place that the user is shown, which is never in the collector.
func NewStep(from Place) *Step { return &Step{from: from} }

// Next returns how the step goes on after the program has stopped at a place.
func (s *Step) Next(at Place) Move {
	if s.moves++; s.moves > maxMoves {
		return StepDone
	}
	switch {
	case at.Collector:
		return StepOut
	case at.Inlined || s.moves > 1 && at == s.from:
		return StepOn
	}
	return StepDone
}
