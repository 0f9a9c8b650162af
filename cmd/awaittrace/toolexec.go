//go:build !lite

package main

import (
	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/gocmd"
)

// toolexecVerb is the hidden verb that the go command runs in place of each tool when it builds a test.
func toolexecVerb() *cli.Command {
	return &cli.Command{Name: gocmd.ToolVerb, Hidden: true, SkipFlagParsing: true, Action: func(c *cli.Context) error {
		status, err := gocmd.RunTool(c.Args().Slice(), c.App.Writer, c.App.ErrWriter)
		if err != nil {
			return err
		}
		return ended(status)
	}}
}
