// Package leakprofile is package hold with the answer of the goroutineleak profile, in a build that has it.
package leakprofile

import (
	"fmt"
	"io"
	"runtime/pprof"

	"github.com/awaittrace/awaittrace/scripts/goker/hold"
)

// Lookup returns a profile that tells what the goroutineleak profile does.
func Lookup(name string) hold.Profile {
	return hold.Profile{Tell: func(w io.Writer) {
		if err := pprof.Lookup(name).WriteTo(w, 2); err != nil {
			fmt.Fprintln(w, err)
		}
	}}
}
