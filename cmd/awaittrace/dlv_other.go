//go:build !lite && !((linux && (amd64 || arm64 || 386)) || (darwin && (amd64 || arm64)) || (windows && amd64))

package main

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"
)

// Where Delve does not compile, its verbs say so.

func dlvVerb() *cli.Command { return noDelve("dlv", "a Delve session (not on this system)") }
func dapVerb() *cli.Command { return noDelve("dap", "a debug adapter (not on this system)") }

func guessVerb() *cli.Command {
	c := noDelve("substitute-path-guess-helper", "")
	c.Hidden = true
	return c
}

// delveVersion is the version of the embedded Delve: none.
func delveVersion() string { return "" }

func noDelve(name, usage string) *cli.Command {
	return &cli.Command{
		Name:            name,
		Category:        verbsDebug,
		Usage:           usage,
		Description:     usage + ".",
		SkipFlagParsing: true,
		Action: func(*cli.Context) error {
			return fmt.Errorf("%s: Delve does not support %s/%s", name, runtime.GOOS, runtime.GOARCH)
		},
	}
}
