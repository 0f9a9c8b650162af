package inspect

// A step of a debugger passes over probes. Delve steps into every call, so that a step at `x := <-ch`, which calls a probe,
// stops inside the collector. A step that comes there goes out again, and on from the middle of the line that it came from:
//
//	from line 7 ── step ──▶ debug.Recv ── out ──▶ line 7 ── step ──▶ line 8, or a function of the user's that line 7 calls too
//
// A probe that the compiler has inlined cannot be left so, since it is part of the user's function; it is stepped through.
//
// The terminal and an editor drive Delve over two protocols. Both follow this rule.

// maxMoves bounds what a step is made of: a line with so many probes is damage of ours, and must not keep the user waiting.
const maxMoves = 100

// A Place is where a goroutine is.
type Place struct {
	File, Func string
	Line       int
	// Collector says that it is in a function of the collector's, Inlined that it is in a piece of one in a function of the user's.
	Collector, Inlined bool
}

// A Move is how a step goes on.
type Move int

// The moves. To step on is to do what the user has asked for once more.
const (
	StepDone Move = iota
	StepOut
	StepOn
)

// A Step is one that the user has asked for. It is not safe for concurrent use.
type Step struct {
	from  Place
	moves int
}

// NewStep begins a step from the place that the user is shown: where they are in the collector, that of their own code.
func NewStep(from Place) *Step { return &Step{from: from} }

// Next says how the step goes on when the program has stopped at a place.
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
