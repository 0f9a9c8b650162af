//go:build !lite

package main

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/exec"
	gort "runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/runtime"
)

func versionVerb() *cli.Command {
	return &cli.Command{
		Name:     "version",
		Category: verbsOther,
		Usage:    "print the version of awaittrace, of Go and of the record",
		Description: `Version prints the version of awaittrace, of the Go that it was built with, and of the record. With -v it prints all that a bug report should have.

	awaittrace version
	awaittrace version -v`,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "v",
			Usage: "also print the go command, the system, and the settings that matter"}},
		Action: version,
	}
}

func version(c *cli.Context) error {
	if err := checkArgs(c, 0); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.App.Writer, "awaittrace %s %s %s/%s record %d\n",
		moduleVersion(), gort.Version(), gort.GOOS, gort.GOARCH, runtime.Version)
	if delve := delveVersion(); err == nil && delve != "" {
		// As dlv version prints it, for editors that run awaittrace instead of dlv.
		_, err = fmt.Fprintf(c.App.Writer, "Delve Debugger\n%s\n", delve)
	}
	if err == nil && c.Bool("v") {
		writeSurroundings(c.App.Writer)
	}
	return err
}

// systemFiles are the files that say which Linux system this is, and what it permits.
var systemFiles = []struct{ what, name string }{
	{"kernel", "/proc/sys/kernel/osrelease"},
	{"ptrace scope", "/proc/sys/kernel/yama/ptrace_scope"},
}

// writeSurroundings writes what a bug report should have besides the versions.
func writeSurroundings(w io.Writer) {
	tell := func(what, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s: %s\n", what, report.SafeLine(strings.TrimSpace(value)))
		}
	}
	out, err := exec.Command("go", "env", "GOVERSION", "GOTOOLCHAIN", "GOFLAGS", "CGO_ENABLED", "GOEXPERIMENT").Output()
	if err != nil {
		tell("go command", err.Error())
	} else {
		names := []string{"go command", "GOTOOLCHAIN", "GOFLAGS", "CGO_ENABLED", "GOEXPERIMENT"}
		for i, line := range strings.Split(strings.TrimRight(string(out), "\n"), "\n") {
			tell(names[min(i, len(names)-1)], line)
		}
	}
	for _, f := range systemFiles {
		text, _ := os.ReadFile(f.name) // other systems have none
		tell(f.what, string(text))
	}
	tell("records", record.Dir()+" "+cmp.Or(record.FolderFault(record.Dir()), "is as it should be"))
	vars := slices.DeleteFunc(os.Environ(), func(v string) bool { return !strings.HasPrefix(v, "AWAITTRACE") })
	slices.Sort(vars)
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		tell(name, value)
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if strings.HasPrefix(s.Key, "vcs.") || s.Key == "-tags" || s.Key == "CGO_ENABLED" {
				tell("built with "+s.Key, s.Value)
			}
		}
	}
}

// moduleVersion returns the version of this module, or the commit it was built from, from the build info.
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
