// Package leftbehind has a test that leaves a goroutine behind, for the README: the classic of a channel without room for the answers that come too late.
//
//	awaittrace test ./testdata/leftbehind
package leftbehind

import "testing"

// first returns the answer of who is first.
func first(asked ...func() string) string {
	answers := make(chan string)
	for _, ask := range asked {
		go func() {
			answers <- ask()
		}()
	}
	return <-answers
}

func pulse() string { return "here" }

func TestFirstAnswer(t *testing.T) {
	if first(pulse, pulse) != "here" {
		t.Error("nobody is there")
	}
}
