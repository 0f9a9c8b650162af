//go:build !unix

package watch

import (
	"os"
	"os/signal"
)

// notify keeps an interrupt, which also reaches the child, from ending us.
func notify(c chan<- os.Signal) (started, stop func()) {
	signal.Notify(c, os.Interrupt)
	return func() {}, func() { signal.Stop(c) }
}

// HearInterrupt does nothing: no interrupt is ignored here.
func HearInterrupt(func()) (heard func() bool, release func()) {
	return func() bool { return false }, func() {}
}

func forward(*os.Process, os.Signal) {}

// Status returns the exit status of a program.
func Status(state *os.ProcessState) int { return state.ExitCode() }

// WaitStatus returns how a program ended, in the form of Unix.
func WaitStatus(state *os.ProcessState) uint32 { return uint32(state.ExitCode()) << 8 }
