package inspect

import "testing"

func TestNext(t *testing.T) {
	seven, eight := Place{File: "main.go", Func: "main.main", Line: 7},
		Place{File: "main.go", Func: "main.main", Line: 8}
	// on one line with main: another function all the same
	double := Place{File: "main.go", Func: "main.double", Line: 7}
	probe := Place{File: "chan.go", Func: "debug.Recv", Line: 70, Collector: true}
	inlined := Place{File: "chan.go", Func: "main.main", Line: 71, Inlined: true}
	for _, test := range []struct {
		name string
		at   []Place // where each move leads, the user's own first
		want []Move
	}{
		{"no probe", []Place{eight}, []Move{StepDone}},
		{"the same line again, as in a loop", []Place{seven}, []Move{StepDone}},
		{"over a probe", []Place{probe, seven, eight}, []Move{StepOut, StepOn, StepDone}},
		{"over two probes", []Place{probe, seven, probe, seven, eight},
			[]Move{StepOut, StepOn, StepOut, StepOn, StepDone}},
		{"out of two calls", []Place{probe, probe, seven, eight}, []Move{StepOut, StepOut, StepOn, StepDone}},
		{"into a function behind a probe", []Place{probe, seven, double}, []Move{StepOut, StepOn, StepDone}},
		{"through an inlined probe", []Place{inlined, inlined, probe, inlined, eight},
			[]Move{StepOn, StepOn, StepOut, StepOn, StepDone}},
	} {
		s := NewStep(seven)
		for i, at := range test.at {
			if got := s.Next(at); got != test.want[i] {
				t.Errorf("%s: move %d is %v, want %v", test.name, i, got, test.want[i])
			}
		}
	}
}

// TestNextEnds steps in a program that never comes out of a probe.
func TestNextEnds(t *testing.T) {
	s := NewStep(Place{Line: 1})
	for range maxMoves {
		if s.Next(Place{Collector: true}) != StepOut {
			t.Fatal("the step ends inside a probe")
		}
	}
	if s.Next(Place{Collector: true}) != StepDone {
		t.Error("the step does not end")
	}
}
