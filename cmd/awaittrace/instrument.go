//go:build !lite

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/awaittrace/awaittrace/internal/gocmd"
	"github.com/awaittrace/awaittrace/internal/tree"
	"github.com/awaittrace/awaittrace/rewrite/load"
)

func instrumentVerb() *cli.Command {
	c := goVerb(gocmd.Instrument, cli.Command{
		Usage:     "write the instrumented source",
		ArgsUsage: "-o DIR | -w | -overlay FILE [packages]",
		Description: `Instrument writes the source with probes, for other ways to build. The packages are ./... by default; their test files get probes too.

	awaittrace instrument -o ../probed
	awaittrace instrument -w ./server
	awaittrace instrument -overlay /tmp/probes.json ./...

With -o, DIR becomes a copy of the module, or of the workspace, that go build and go test take as it is: the collector is in it. With -w the source is changed in place; awaittrace revert brings it back, and keeps what was edited in between. With -overlay nothing of the source is touched, and the go command to use is printed.`,
	}, instrument)
	c.Flags = append([]cli.Flag{
		&cli.StringFlag{Name: "o", Usage: "write an instrumented copy to `DIR`, which must not exist unless it is an " +
			"earlier copy"},
		&cli.BoolFlag{Name: "w", Usage: "write in place"},
		&cli.StringFlag{Name: "overlay",
			Usage: "write a `FILE` for go build -overlay, and the files that it needs to FILE.files"},
	}, c.Flags...)
	return c
}

func instrument(c *cli.Context, inv *gocmd.Invocation) error {
	overlay := inv.Value("overlay") != ""
	done := putIn(c, inv)
	src, err := gocmd.InstrumentSource(inv, os.Environ(), !overlay)
	done()
	if err != nil {
		return err
	}
	if err := unused(c, src.Result); err != nil {
		return err
	}
	if n := len(src.Result.Already); n > 0 {
		return already(c, inv, src.Result.Already)
	}
	if len(src.Result.Files) == 0 {
		return cmpErr(leftOut(src.Result.Outside),
			errors.New("nothing gets a probe: no operation in the packages can wait, "+
				"or no package is of a main module; nothing was written"))
	}
	if src.NoTests != nil {
		fmt.Fprintf(c.App.ErrWriter, "awaittrace: test files get no probes, because they could not be loaded: %v\n",
			src.NoTests)
	}
	switch {
	case overlay:
		var command, environment string
		if command, environment, err = src.WriteOverlay(); err == nil {
			_, err = fmt.Fprintln(c.App.Writer, command)
			fmt.Fprintf(c.App.ErrWriter, "awaittrace: for make and other tools that call the go command: export %s\n",
				environment)
		}
	case inv.Bool("w"):
		err = writeInPlace(src)
	default:
		err = tree.Copy(treeOf(src), relativeTo(inv.Dir, inv.Value("o")))
	}
	if err != nil {
		return err
	}
	writeSummary(c.App.ErrWriter, src.Result, inv.Bool("v"))
	if inv.Bool("w") {
		fmt.Fprintf(c.App.ErrWriter, "awaittrace: the source is changed in place; awaittrace revert %s takes the "+
			"probes out again\n", shortPath(src.Root))
	}
	return leftOut(src.Result.Outside)
}

// leftOut returns an error that lists the dependencies of -deps that -w does not write.
func leftOut(modules []load.Module) error {
	if len(modules) == 0 {
		return nil
	}
	var list []string
	for _, m := range modules {
		list = append(list, m.Path+"@"+m.Version)
	}
	return fmt.Errorf("-w writes nothing outside the tree, so these dependencies get no probes: %s; "+
		"bring them in with go mod vendor, or use -o or -overlay", strings.Join(list, ", "))
}

// already reports that the source has probes already. With -w that is not an error.
func already(c *cli.Context, inv *gocmd.Invocation, names []string) error {
	what := shortPath(names[0])
	if len(names) > 1 {
		what += fmt.Sprintf(" and %d more", len(names)-1)
	}
	if !inv.Bool("w") {
		return fmt.Errorf("%s: has probes already; awaittrace revert takes them out", what)
	}
	fmt.Fprintf(c.App.ErrWriter, "awaittrace: %s: has probes already; nothing was changed\n", what)
	return nil
}

func writeInPlace(src *gocmd.Source) error {
	journals, err := tree.OpenJournals()
	if err != nil {
		return err
	}
	return tree.Write(treeOf(src), journals)
}

// treeOf returns the tree of src.
func treeOf(src *gocmd.Source) tree.Source {
	t := tree.Source{Root: src.Root, Files: src.Result.Files, Collector: src.Collector(), ModuleFile: src.ModuleFile(),
		Go: src.Go}
	for _, m := range src.Deps() {
		t.Deps = append(t.Deps, tree.Dep{Path: m.Path, Version: m.Version, Dir: m.Dir})
	}
	for _, m := range src.Modules {
		t.Modules = append(t.Modules, m.Dir)
	}
	return t
}

// relativeTo returns name relative to dir, the folder of -C, which may be empty.
func relativeTo(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
