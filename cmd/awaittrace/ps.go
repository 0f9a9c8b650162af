package main

import (
	"fmt"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
)

func psVerb() *cli.Command {
	return &cli.Command{
		Name:  "ps",
		Usage: "list your instrumented programs, live and dead",
		Description: "AGE is how long a program has run, or had run when it ended; STUCK is how many goroutines are stuck as far as the\n" +
			"   record tells, without a look into the program. The record of a program that has ended is kept for a day.",
		Flags:  []cli.Flag{afterFlag()},
		Action: listPrograms,
	}
}

func listPrograms(c *cli.Context) error {
	if err := checkArgs(c, 0); err != nil {
		return err
	}
	list, err := record.List(record.Dir())
	if err != nil {
		return err
	}
	if len(list) == 0 {
		fmt.Fprintf(c.App.ErrWriter, "awaittrace: there is no instrumented program, live or dead, in %s\n", record.Dir())
		return nil
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PID\tSTATE\tAGE\tGOROUTINES\tSTUCK\tPROGRAM")
	for _, e := range list {
		fmt.Fprintf(w, "%d\t%s\n", e.Pid, describe(e, c.Duration("after")))
	}
	return w.Flush()
}

// describe returns the columns of a program behind its pid.
func describe(e record.Entry, after time.Duration) string {
	rec, err := record.OpenEntry(e)
	if err != nil {
		return "\t\t\t\t" + err.Error()
	}
	defer rec.Close()
	snap, err := rec.Snapshot()
	if err != nil {
		return "\t\t\t\t" + err.Error()
	}
	r := diagnose.Analyze(snap, diagnose.Options{After: after})
	age := time.Duration(snap.Process.TakenWall - snap.Process.StartWall)
	return fmt.Sprintf("%s\t%s\t%d\t%d\t%s", snap.Process.State, diagnose.Duration(age.Truncate(time.Second)), len(snap.Goroutines), r.Bad(), filepath.Base(snap.Process.Exe))
}
