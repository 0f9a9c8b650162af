package gocmd

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A Replace puts a folder in the place of a module.
type Replace struct {
	Path, Version string
	Dir           string // absolute, or relative to the folder of the file and then beginning with ./
}

// EditModules says in a go.mod or go.work file where modules are: it adds replacements to the file at path, in place of those that it has for the same versions. Its base name is not looked
// at: work says that the file is that of a workspace. run runs the go command in a folder.
//
// The lines are written here: go work edit takes what follows an @ in the path of a folder, as all paths in the module cache have it, for a version.
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
