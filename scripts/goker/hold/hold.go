// Package hold takes the place of runtime/pprof in the programs of the corpus. Where they wrote the leak profile and
// ended, they go on and answer questions, a line each on standard input, on file descriptor 3.
package hold

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
)

// The questions, and the line that follows each answer.
const (
	Dump = "dump" // the stacks of all goroutines
	Tell = "tell" // what the variant's tool has to say
	End  = "-- end of the answer"
)

// A Profile is what a program of the corpus looks up and writes.
type Profile struct {
	// Tell writes what a tool has found.
	Tell func(io.Writer)
}

// Lookup is pprof.Lookup of a variant that has no tool in the program.
func Lookup(string) Profile { return Profile{Tell: func(io.Writer) {}} }

// WriteTo answers questions until there are no more, and ends the program. A profile that goes elsewhere than to
// standard output is not written.
func (p Profile) WriteTo(w io.Writer, _ int) error {
	if w != os.Stdout {
		return nil
	}
	out := os.NewFile(3, "answers")
	fmt.Fprintln(out, End) // it has come this far
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		switch in.Text() {
		case Dump:
			if err := pprof.Lookup("goroutine").WriteTo(out, 2); err != nil {
				return err
			}
		case Tell:
			p.Tell(out)
		}
		fmt.Fprintf(out, "\n%s\n", End)
	}
	os.Exit(0)
	return nil
}
