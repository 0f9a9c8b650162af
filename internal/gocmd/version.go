package gocmd

import (
	"fmt"
	"go/version"
	"strings"

	"github.com/awaittrace/awaittrace/rewrite/load"
)

// Oldest is the oldest release of Go that can build programs with probes: it compiles the collector.
const Oldest = "go1.21"

// checkVersion rejects a toolchain that is older than Oldest.
func (tc *Toolchain) checkVersion() error {
	if v := release(tc.Version); v == "" || version.Compare(v, Oldest) >= 0 {
		return nil
	}
	return fmt.Errorf("%s is %s, and probes need %s or later: put a newer go command first in PATH (go.mod may say "+
		"an older version)", tc.Go, tc.Version, Oldest)
}

// release returns the version in a GOVERSION such as "go1.26.1", "go1.26.1 X:nodwarf5" and "devel go1.28-a1b2c3", or
// "".
func release(goversion string) string {
	for _, word := range strings.Fields(goversion) {
		if version.IsValid(word) {
			return word
		}
	}
	return ""
}

// A newerError says that packages could not be loaded because they need a newer Go than this command was built with.
type newerError struct {
	version, built string // of the toolchain, and of this command
	err            *load.CompileError
}

// explain returns err, or its likely cause.
func (tc *Toolchain) explain(err *load.CompileError, built string) error {
	v := release(tc.Version)
	if version.Compare(version.Lang(v), version.Lang(built)) <= 0 {
		return err
	}
	return &newerError{v, built, err}
}

func (e *newerError) Error() string {
	text := e.err.Errors[0].Error()
	if more := len(e.err.Errors) - 1; more > 0 {
		text = fmt.Sprintf("%s (and %d more)", text, more)
	}
	return fmt.Sprintf("this awaittrace was built with %s, which does not know all of %s; install it again with "+
		"GOTOOLCHAIN=%s go install github.com/awaittrace/awaittrace/cmd/awaittrace@latest: %s", e.built, e.version,
		e.version, text)
}

func (e *newerError) Unwrap() error { return e.err }
