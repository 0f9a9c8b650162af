//go:build !lite

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/export"
	"github.com/awaittrace/awaittrace/internal/report"
)

// formatFlags returns the flags for the form of a report.
func formatFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "f", Value: "text",
			Usage: "write the report in `FORMAT`: " + strings.Join(formatNames(), ", ")},
		&cli.StringFlag{Name: "o", Usage: "write to `FILE` instead of standard output"},
		&cli.BoolFlag{Name: "no-source",
			Usage: "leave the lines of the source out of the HTML page, and of text on a terminal"},
	}
}

func formatNames() []string {
	names := []string{"text", "json"}
	for _, f := range export.Formats {
		names = append(names, f.Name)
	}
	return names
}

// checkFormat checks the values of formatFlags.
func checkFormat(c *cli.Context) (format string, err error) {
	format = c.String("f")
	f, ok := export.Find(format)
	if !ok && format != "text" && format != "json" {
		return "", usageError(c, fmt.Errorf("invalid -f %q (want %s)", format, strings.Join(formatNames(), ", ")))
	}
	if c.IsSet("g") && format != "text" {
		return "", usageError(c, fmt.Errorf("-g prints one goroutine as text; -f %s has all of them", format))
	}
	if c.Bool("sites") && (c.IsSet("g") || format != "text" && format != "json") {
		return "", usageError(c, errors.New("-sites is for -f text or json, and not with -g"))
	}
	if c.String("by") != "" && (c.IsSet("g") || c.Bool("sites") || format != "text" && format != "json") {
		return "", usageError(c, errors.New("-by is for -f text or json, and not with -g or -sites"))
	}
	if f.Binary && c.String("o") == "" && report.IsTerminal(c.App.Writer) {
		return "", usageError(c, fmt.Errorf("-f %s is not for a terminal: give a file with -o", format))
	}
	return format, nil
}

// writeReport writes r to standard output, or to the file of -o.
func writeReport(c *cli.Context, r *diagnose.Report, format string) error {
	return writeOut(c, func(w io.Writer) error { return formatReport(c, w, r, format) })
}

// outOf returns where the report goes, or nil for the file of -o.
func outOf(c *cli.Context) io.Writer {
	if c.String("o") != "" {
		return nil
	}
	return c.App.Writer
}

// writeOut calls write with standard output, or with the file of -o.
func writeOut(c *cli.Context, write func(io.Writer) error) error {
	if name := c.String("o"); name != "" {
		return report.WriteFile("o", name, write)
	}
	return write(c.App.Writer)
}

func formatReport(c *cli.Context, w io.Writer, r *diagnose.Report, format string) error {
	switch format {
	case "json":
		return report.JSON(w, r, func(d *report.Document) {
			if by := c.String("by"); by != "" {
				d.GroupBy(r, by)
			}
			if c.Bool("sites") {
				d.AddSites(r)
			}
		})
	case "text":
		if c.Bool("sites") {
			return report.TextSites(w, r, c.Bool("all"))
		}
		name := strings.Join(c.Args().Slice(), " ") // as the user named the program
		if name == "" {
			name = strconv.Itoa(r.Snapshot.Process.Pid)
		}
		opt := report.ForWriter(w)
		opt.All, opt.By, opt.Verbose, opt.Name = c.Bool("all"), c.String("by"), c.Bool("v"), name
		if c.Bool("no-source") {
			opt.Source = nil
		}
		return report.Text(w, r, opt)
	}
	f, _ := export.Find(format)
	return f.Write(w, report.NewDocument(r), exportOptions(format, !c.Bool("no-source")))
}

// exportOptions returns the options of a format for the current folder. GitHub takes the files of annotations relative
// to the workspace, which has the repository.
func exportOptions(format string, source bool) export.Options {
	opt := export.Options{Version: moduleVersion()}
	if dir, err := os.Getwd(); err == nil {
		opt.Dir = dir
	}
	if workspace := os.Getenv("GITHUB_WORKSPACE"); format == "github" && workspace != "" {
		opt.Dir = workspace
	}
	if source {
		opt.Source = report.ReadSource
	}
	return opt
}
