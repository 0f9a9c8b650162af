package gocmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A Replace replaces a module by a folder.
type Replace struct {
	Path, Version string
	Dir           string // absolute, or relative to the folder of the file and then beginning with ./
}

// EditModules adds replacements to the go.mod or go.work file at path, instead of those for the same versions. work
// means that the file is a workspace's, whatever its name. run runs the go command in a folder.
//
// go work edit would take what follows an @ in a folder's path, as in the module cache, for a version.
func EditModules(path string, work bool, list []Replace, run func(dir string, args ...string) ([]byte, error)) error {
	args := []string{"mod", "edit"}
	if work {
		args[0] = "work"
	}
	var lines strings.Builder
	for _, r := range list {
		args = append(args, "-dropreplace="+r.Path+"@"+r.Version)
		fmt.Fprintf(&lines, "\nreplace %s %s => %s\n", r.Path, r.Version, strconv.Quote(filepath.ToSlash(r.Dir)))
	}
	if _, err := run(filepath.Dir(path), append(args, path)...); err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(text, lines.String()...), 0o666); err != nil {
		return err
	}
	_, err = run(filepath.Dir(path), args[0], "edit", "-fmt", path)
	return err
}
