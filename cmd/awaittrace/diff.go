//go:build !lite

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/serve"
)

func diffVerb() *cli.Command {
	return &cli.Command{
		Name:      "diff",
		Category:  verbsLook,
		Usage:     "say what is new, grown or gone between two reports",
		ArgsUsage: "OLD NEW",
		Description: `Diff tells what is new, grown or gone between two reports. OLD and NEW are each a pid, a record, or a report that awaittrace report -f json has written. The exit status is 3 if a finding is new or has more goroutines than before.

	awaittrace report -f json -o yesterday.json 4711
	awaittrace diff yesterday.json 4711`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "f", Value: "text",
				Usage: "write the differences in `FORMAT`: " + strings.Join(diffFormats, " or ")},
			&cli.StringFlag{Name: "o", Usage: "write to `FILE` instead of standard output"},
			afterFlag(),
			&cli.BoolFlag{Name: "all", Usage: "also list what has not changed, and every place"},
		},
		Action: diffReports,
	}
}

// diffFormats are the values of diff -f.
var diffFormats = []string{"text", "json"}

func diffReports(c *cli.Context) error {
	if err := checkArgs(c, 2); err != nil {
		return err
	}
	if c.Args().Len() != 2 {
		err := errors.New("diff takes two arguments, OLD and NEW: each a pid, a record, or a JSON report")
		return usageError(c, err)
	}
	format := c.String("f")
	if !slices.Contains(diffFormats, format) {
		return usageError(c, fmt.Errorf("invalid -f %q (want %s)", format, strings.Join(diffFormats, " or ")))
	}
	if _, err := askedAfter(c); err != nil {
		return err
	}
	var docs [2]*report.Document
	for i, name := range []string{"OLD", "NEW"} {
		doc, err := document(c, c.Args().Get(i), format)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		docs[i] = doc
	}
	d := report.Compare(docs[0], docs[1])
	write := func(w io.Writer) error {
		if format == "text" {
			return d.Text(w, report.DiffOptions{Path: shownPath(format, outOf(c)), All: c.Bool("all")})
		}
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(d)
	}
	if err := writeOut(c, write); err != nil {
		return err
	}
	if d.Worse() {
		return somethingStuck
	}
	return nil
}

// document returns the report that arg names: on a pid or a record, or as JSON. Without arg it reports on the program
// that runs.
func document(c *cli.Context, arg, format string) (*report.Document, error) {
	if _, err := strconv.Atoi(arg); err != nil && arg != "" {
		if doc, err := savedReport(arg); doc != nil || err != nil {
			return doc, err
		}
	}
	s, after, err := program(c, arg, "")
	if err != nil {
		return nil, err
	}
	defer s.Close()
	r, err := s.Report(c.Context, inspect.Options{Options: diagnose.Options{After: after,
		Path: shownPath(format, outOf(c))}})
	if err != nil {
		return nil, err
	}
	return report.NewDocument(r), nil
}

// savedReport reads a JSON report. It returns nil if the file does not begin as one.
func savedReport(name string) (*report.Document, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no file %q: give the pid of a program, the file of a record, a core or a goroutine "+
			"dump, or a report that awaittrace report -f json has written", name)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := io.Reader(f)
	if strings.HasSuffix(name, serve.KeptSuffix) {
		z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
		if err != nil {
			return nil, err
		}
		defer z.Close()
		in = z
	}
	text := bufio.NewReader(in)
	if first, err := text.Peek(1); err != nil || first[0] != '{' {
		return nil, nil
	}
	doc := new(report.Document)
	if err := json.NewDecoder(text).Decode(doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if doc.Schema != report.Schema {
		return nil, fmt.Errorf("%s is not a report: invalid schema %q (want %q)", name, doc.Schema, report.Schema)
	}
	return doc, nil
}
