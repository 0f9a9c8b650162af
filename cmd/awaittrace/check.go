//go:build !lite

package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/recorded"
	"github.com/awaittrace/awaittrace/internal/report"
)

func checkVerb() *cli.Command {
	return &cli.Command{
		Name:      "check",
		Category:  verbsLook,
		Usage:     "say in one line whether a program is stuck, for liveness probes and scripts",
		ArgsUsage: "[PID | FILE]",
		Description: `Check tells in one line whether a program is stuck, for liveness probes and scripts. Without a PID it checks every instrumented program that runs. It reads the record and never stops the program. The exit status is 0 if nothing that counts was found, 3 if something is stuck, and 1 if there is no record.

	awaittrace check 4711
	awaittrace check -kind all -certainty likely
	awaittrace check -write /var/log/stuck.json 1

By default only deadlocks and locks whose holder has exited count, and only if they are certain: these a restart mends.`,
		Flags: []cli.Flag{
			afterFlag(),
			&cli.StringFlag{Name: "kind", Value: "deadlock,orphaned-lock",
				Usage: "count findings of these kinds: a `LIST` with commas, or all"},
			&cli.StringFlag{Name: "certainty", Value: "certain",
				Usage: "count findings of at least this `CERTAINTY`: certain or likely"},
			&cli.StringFlag{Name: "write",
				Usage: "if something is stuck, write the whole report to a `FILE`; as JSON if its name ends in .json"},
		},
		Action: checkPrograms,
	}
}

func checkPrograms(c *cli.Context) error {
	if err := checkArgs(c, 1); err != nil {
		return err
	}
	o := recorded.CheckOptions{Write: c.String("write")}
	var err error
	if o.Kinds, err = recorded.ParseKinds(c.String("kind")); err != nil {
		return usageError(c, err)
	}
	if o.Certainty, err = recorded.ParseCertainty(c.String("certainty")); err != nil {
		return usageError(c, err)
	}
	if o.After, err = askedAfter(c); err != nil {
		return err
	}
	var line string
	var status int
	if arg := c.Args().First(); arg == "" {
		line, status, err = recorded.CheckAll(o)
	} else {
		rec, openErr := record.OpenArg(arg)
		if openErr != nil {
			return openErr
		}
		defer rec.Close()
		line, status, err = recorded.Check(rec, o)
	}
	if line != "" {
		if _, writeErr := fmt.Fprintln(c.App.Writer, line); writeErr != nil {
			status, err = max(status, recorded.StatusNoRecord), errors.Join(err, writeErr)
		}
	}
	if err != nil {
		if status == recorded.StatusNoRecord {
			return err
		}
		fmt.Fprintln(c.App.ErrWriter, "awaittrace:", report.Safe(err.Error()))
	}
	if status != 0 {
		return exitCode(status)
	}
	return nil
}
