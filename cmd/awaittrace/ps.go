//go:build !lite

package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/recorded"
)

func psVerb() *cli.Command {
	return &cli.Command{
		Name:     "ps",
		Category: verbsLook,
		Usage:    "list your instrumented programs, live and dead",
		Description: `Ps lists all instrumented programs that you may look into, in whatever containers they run; where AWAITTRACE_DIR is set, those that were started with the same one. A PID is one that kill takes here.

	awaittrace ps
	awaittrace ps -clean

AGE is how long a program has run, or had run when it ENDED; STUCK is how many goroutines are stuck as far as the record tells, without a look into the program.

The record of a program that has ended is kept for a day, and for a week if something was stuck in it, as long as all of them take less than 64 MB, or half of what there is; those with nothing stuck go first. -clean removes them now.`,
		Flags: []cli.Flag{
			afterFlag(),
			&cli.BoolFlag{Name: "clean", Usage: "remove the records of programs that have ended"},
		},
		Action: listPrograms,
	}
}

func listPrograms(c *cli.Context) error {
	if err := checkArgs(c, 0); err != nil {
		return err
	}
	if c.Bool("clean") {
		n, err := recorded.Clean()
		fmt.Fprintf(c.App.ErrWriter, "awaittrace: %s removed from %s\n", count(n, "record"), record.Dir())
		return err
	}
	after, err := askedAfter(c)
	if err != nil {
		return err
	}
	return recorded.List(c.App.Writer, c.App.ErrWriter, after)
}
