//go:build !lite

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/report"
)

func completionVerb() *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Category:  verbsOther,
		Usage:     "print a script with which a shell completes verbs, flags, pids and goroutine ids",
		ArgsUsage: strings.Join(shells, "|"),
		Description: `Completion prints a script for a shell, which then completes verbs, flags and their values, the pids of programs with probes, goroutine ids, and what follows awaittrace dlv.

	source <(awaittrace completion bash)        in ~/.bashrc
	source <(awaittrace completion zsh)         in ~/.zshrc, behind compinit
	awaittrace completion fish | source         in ~/.config/fish/config.fish`,
		Action: func(c *cli.Context) error {
			script := completionScript(c.Args().First())
			if c.Args().Len() != 1 || script == "" {
				return usageError(c, fmt.Errorf("completion takes one of %s", strings.Join(shells, ", ")))
			}
			_, err := fmt.Fprint(c.App.Writer, script)
			return err
		},
	}
}

func manVerb() *cli.Command {
	return &cli.Command{
		Name:     "man",
		Category: verbsOther,
		Usage:    "print the manual page",
		Description: `Man prints the manual page.

	awaittrace man | man -l -
	awaittrace man > /usr/local/share/man/man1/awaittrace.1`,
		Action: func(c *cli.Context) error {
			if err := checkArgs(c, 0); err != nil {
				return err
			}
			return manualOf(c).man(c.App.Writer, "awaittrace "+moduleVersion())
		},
	}
}

// maxCandidates bounds the candidates for a word: a program may have a hundred thousand goroutines.
const maxCandidates = 500

// completeVerb completes the last word of a command line, for the scripts of completionVerb. It prints a line for each
// candidate, with its description behind a tab, and :files where a file name may stand.
func completeVerb() *cli.Command {
	return &cli.Command{Name: "complete", Hidden: true, SkipFlagParsing: true, Action: func(c *cli.Context) error {
		words := c.Args().Slice()
		if len(words) > 1 && (words[0] == "dlv" || words[0] == "dap") {
			return completeDelve(c, words)
		}
		list, files := manualOf(c).complete(words, values{flag: flagValues, args: verbArgs, more: goFlags})
		for _, l := range list[:min(len(list), maxCandidates)] {
			fmt.Fprintf(c.App.Writer, "%s\t%s\n", report.SafeLine(l.word), report.SafeLine(l.about))
		}
		if files {
			fmt.Fprintln(c.App.Writer, ":files")
		}
		return nil
	}}
}

// completeDelve asks Delve's own command line, which has a verb for it.
func completeDelve(c *cli.Context, words []string) error {
	args := words[1:]
	if words[0] == "dap" {
		args = words
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := exec.Command(self, append([]string{"dlv", "__complete"}, args...)...).Output()
	for line := range bytes.Lines(out) {
		if !bytes.HasPrefix(line, []byte(":")) {
			c.App.Writer.Write(line)
			continue
		}
		const noFiles = 4 // cobra.ShellCompDirectiveNoFileComp
		if n, err := strconv.Atoi(string(bytes.TrimSpace(line[1:]))); err == nil && n&noFiles == 0 {
			fmt.Fprintln(c.App.Writer, ":files")
		}
	}
	return err
}

// goFlags are the flags of the go command that a verb takes.
func goFlags(verb string) map[string]bool {
	switch v := gocmd.Verb(verb); v {
	case gocmd.Build, gocmd.Run, gocmd.Test, gocmd.Instrument:
		return gocmd.Flags(v)
	}
	return nil
}

// flagValues returns the values of a flag.
func flagValues(verb, flag string, words []string) (list []candidate, files bool) {
	var values []string
	switch flag {
	case "f":
		values = formatNames()
		if verb == "diff" {
			values = diffFormats
		}
	case "prove":
		for _, p := range inspect.Proves {
			values = append(values, string(p))
		}
	case "certainty":
		values = []string{"certain", "likely"}
	case "kind":
		values = []string{"deadlock,orphaned-lock", "all"}
	case "probe":
		values = []string{"chan", "lock", "io", "sync", "sleep", "loop"}
	case "deps":
		values = []string{"all", "std", "none"}
	case "after", "io-timeout", "timeout":
		values = []string{"500ms", "2s", "10s", "1m"}
	case "mod":
		values = []string{"readonly", "vendor", "mod"}
	case "g":
		return goroutineIDs(words), false
	default:
		return nil, true
	}
	for _, v := range values {
		list = append(list, candidate{word: v})
	}
	return list, false
}

// goroutineIDs lists the goroutines of the program that words name, or of the only one that runs.
func goroutineIDs(words []string) (list []candidate) {
	var recs []*record.Record
	for _, w := range words {
		if rec, err := record.OpenArg(w); err == nil {
			recs = append(recs, rec)
		}
	}
	if recs == nil {
		for _, p := range pids() {
			if rec, err := record.OpenArg(p.word); err == nil {
				recs = append(recs, rec)
			}
		}
	}
	for _, rec := range recs {
		defer rec.Close()
		snap, err := rec.Snapshot()
		if err != nil {
			continue
		}
		for _, g := range snap.Goroutines {
			about := ""
			if g.Last != nil {
				about = g.Last.Expr
			}
			list = append(list, candidate{word: strconv.FormatInt(g.ID, 10), about: about})
		}
	}
	return list
}

// verbArgs returns the arguments of a verb.
func verbArgs(verb string, words []string) (list []candidate, files bool) {
	switch verb {
	case "report", "top", "check", "diff":
		return pids(), true
	case "completion":
		for _, s := range shells {
			list = append(list, candidate{word: s})
		}
		return list, false
	case "ps", "mcp", "man", "version":
		return nil, false
	}
	return nil, true // packages are folders
}

// pids lists the pids of programs with records.
func pids() (list []candidate) {
	entries, err := record.List(record.Dir())
	if err != nil {
		return nil
	}
	for _, e := range entries {
		about := "ended"
		if e.Live {
			about = filepath.Base(procfs.Exe(e.Pid))
		}
		list = append(list, candidate{word: strconv.Itoa(e.Pid), about: about})
	}
	return list
}
