//go:build !lite

package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/tree"
)

func revertVerb() *cli.Command {
	return &cli.Command{
		Name:      "revert",
		Category:  verbsBuild,
		Usage:     "take the probes out of an instrumented tree again",
		ArgsUsage: "[DIR]",
		Description: `Revert takes the probes out of a tree that awaittrace instrument has written. DIR is the current folder by default. Files that instrument -w changed become what they were, bit for bit; where one was edited since, the probes are taken out and the edit stays.

	awaittrace revert
	awaittrace revert -v ../probed

A tree that was killed half-way, and a copy without any record of the original, are reverted in the same way. What cannot be taken out is left and named, and the exit status is 1.`,
		Flags:  []cli.Flag{&cli.BoolFlag{Name: "v", Usage: "name every file that is reverted"}},
		Action: revert,
	}
}

func revert(c *cli.Context) error {
	if err := checkArgs(c, 1); err != nil {
		return err
	}
	dir := "."
	if c.Args().Present() {
		dir = c.Args().First()
	}
	journals, _ := tree.OpenJournals() // without a cache folder, none: revert needs no journal
	r, err := tree.Revert(dir, journals)
	if r == nil {
		return err
	}
	if c.Bool("v") {
		for _, name := range append(r.Restored, r.Edited...) {
			fmt.Fprintln(c.App.ErrWriter, shortPath(name))
		}
	}
	switch n := len(r.Restored) + len(r.Edited); {
	case n > 0:
		fmt.Fprintf(c.App.ErrWriter, "awaittrace: %s reverted in %s\n", count(n, "file"), r.Root)
	case err == nil:
		fmt.Fprintf(c.App.ErrWriter, "awaittrace: no probes in %s; nothing was changed\n", r.Root)
	}
	return err
}
