//go:build !lite

package main

import (
	"fmt"
	gort "runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/runtime"
)

func versionVerb() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version of awaittrace, of Go and of the record",
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usageError(c, fmt.Errorf("version takes no arguments, and got %q", c.Args().First()), false)
			}
			_, err := fmt.Fprintf(c.App.Writer, "awaittrace %s %s %s/%s record %d\n",
				moduleVersion(), gort.Version(), gort.GOOS, gort.GOARCH, runtime.Version)
			if delve := delveVersion(); err == nil && delve != "" {
				// As dlv version prints it, for editors that have awaittrace in the place of dlv.
				_, err = fmt.Fprintf(c.App.Writer, "Delve Debugger\n%s\n", delve)
			}
			return err
		},
	}
}

// moduleVersion returns the version of this module, or the commit that it was built from, as the go command noted it.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	revision, modified := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = "-" + s.Value[:min(len(s.Value), 12)]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = "+dirty"
		}
	}
	return "devel" + revision + modified
}
