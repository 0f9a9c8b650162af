//go:build !((linux && (amd64 || arm64 || 386)) || (darwin && (amd64 || arm64)) || (windows && amd64))

package main

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"
)

// dlvVerb is the verb where Delve does not compile: it says so.
func dlvVerb() *cli.Command {
	return &cli.Command{
		Name:            "dlv",
		Usage:           "a Delve session (not on this system)",
		SkipFlagParsing: true,
		Action: func(*cli.Context) error {
			return fmt.Errorf("dlv: there is no Delve for %s/%s", runtime.GOOS, runtime.GOARCH)
		},
	}
}
