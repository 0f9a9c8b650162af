//go:build !lite

package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/export"
	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/watch"
)

func testVerb() *cli.Command {
	verb := goVerb(gocmd.Test, cli.Command{
		Usage:     "test with probes, as go test does",
		ArgsUsage: "[packages] [-args ...]",
		Description: `Test is go test, with probes: a test that leaves goroutines stuck behind fails. A test that hangs is reported on standard error after -after; awaittrace report tells more about it from another terminal.

	awaittrace test ./...
	awaittrace test -run TestServer -race -json ./server
	awaittrace test -junit stuck.xml -html stuck.html ./...
	awaittrace test -known leaks.txt -known-update ./...
	awaittrace test -known leaks.txt ./...

In a GitHub workflow, where GITHUB_ACTIONS is true, what is found is an annotation of the source too. With go test's own -artifacts the page of -html is written to its folder, and one of each test that fails to the folder of that test.

A flag of the test binary that has the name of one of ours goes behind -args.`,
	}, test)
	verb.Flags = append(verb.Flags, lockOrderFlag,
		noSourceFlag("the page of -html and of -artifacts"),
		&cli.StringFlag{Name: "known", Category: flagsReport, Usage: "do not fail tests for the leaks that are listed in `FILE`"},
		&cli.BoolFlag{Name: "known-update", Category: flagsReport, Usage: "write all leaks that are found to the file of " +
			"-known, and fail no test for them; what is not found any more leaves the file only if all tests of its " +
			"package ran, and no test failed"})
	for _, format := range gocmd.ReportFormats {
		f, _ := export.Find(format)
		verb.Flags = append(verb.Flags, &cli.StringFlag{Name: format, Category: flagsReport, Usage: "write what tests leave stuck to `FILE`: " + f.About})
	}
	return verb
}

func test(c *cli.Context, inv *gocmd.Invocation) error {
	start := time.Now()
	var service *watch.TestService
	defer func() { service.Sweep(record.Dir(), start) }()
	known := inv.Options.Known
	if (os.Getenv("AWAITTRACE") != "" || known != "" || inv.Options.LockOrder) && inv.Value("count") == "" {
		// The go command does not know that the flag changes the result, and would cache it.
		inv.GoArgs = append([]string{"-count=1"}, inv.GoArgs...)
	}
	p, err := prepare(c, inv)
	if err != nil {
		return err
	}
	defer p.Close()
	cmd := p.Command()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = c.App.Reader, c.App.Writer, c.App.ErrWriter
	if inv.Bool("n") {
		status, err := goCommand(p, cmd)
		return cmpErr(err, ended(status))
	}
	service, err = watch.StartTests(watch.TestOptions{
		After: inv.Options.After, Log: c.App.ErrWriter, Known: known, Update: inv.Options.KnownUpdate,
		Quiet: inv.Bool("json"), // readers such as gotestsum count for themselves, and take a line on standard error for an error
	})
	switch {
	case err == nil:
		cmd.Env = append(cmd.Environ(), service.Env())
	case known != "" || len(inv.Options.Reports) > 0:
		return err
	case errors.Is(err, watch.ErrUnsupported):
		fmt.Fprintf(c.App.ErrWriter, "awaittrace: %v\n", err)
	}
	status, err := goCommand(p, cmd)
	if status == 1 && p.Result != nil && len(inv.Options.Deps) == 0 {
		adviseGoleak(c.App.ErrWriter, p.Result.Files)
	}
	if service != nil {
		err = cmpErr(err, service.Close(status == 0), writeFound(c, inv, service.Document()), writePages(inv, service.Pages()))
	}
	if err != nil {
		return err
	}
	return ended(status)
}

// pageName is the name of the page among a test's artifacts.
const pageName = "awaittrace.html"

// writeFound writes the findings in the formats of the flags, of go test's -artifacts, and of a GitHub workflow.
func writeFound(c *cli.Context, inv *gocmd.Invocation, doc *report.Document) error {
	if os.Getenv("GITHUB_ACTIONS") == "true" {
		if err := export.GitHub(c.App.ErrWriter, doc, exportOptions("github", false)); err != nil {
			return err
		}
	}
	files := maps.Clone(inv.Options.Reports)
	if _, asked := files["html"]; inv.Bool("artifacts") && !asked && len(doc.Findings) > 0 {
		// Where go test has the artifacts of its packages: see testing.(*common).ArtifactDir.
		dir := filepath.Join(relativeTo(inv.Dir, inv.Value("outputdir")), "_artifacts")
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		files = maps.Collect(maps.All(files))
		files["html"] = filepath.Join(dir, pageName)
	}
	for format, name := range files {
		f, _ := export.Find(format)
		err := report.WriteFile(format, name, func(w io.Writer) error { return f.Write(w, doc, exportOptions(format, !inv.Options.NoSource)) })
		if err != nil {
			return err
		}
	}
	return nil
}

// writePages writes the page of each test into its folder for artifacts, if it has one.
func writePages(inv *gocmd.Invocation, pages []watch.Page) error {
	f, _ := export.Find("html")
	for _, p := range pages {
		err := report.WriteFile("artifacts", filepath.Join(p.Dir, pageName), func(w io.Writer) error { return f.Write(w, p.Document, exportOptions(f.Name, !inv.Options.NoSource)) })
		if err != nil {
			return err
		}
	}
	return nil
}
