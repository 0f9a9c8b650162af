// Package goleak is package hold with goleak's answer.
package goleak

import (
	"fmt"
	"io"

	"go.uber.org/goleak"

	"github.com/awaittrace/awaittrace/scripts/goker/hold"
)

// Lookup returns a profile that tells what goleak finds.
func Lookup(string) hold.Profile {
	return hold.Profile{Tell: func(w io.Writer) { fmt.Fprintln(w, goleak.Find()) }}
}
