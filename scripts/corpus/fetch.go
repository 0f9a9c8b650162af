package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// modFlags are the flags of the go command in a row's folder: what the copy of a module lacks in its go.sum is added.
func (r *row) modFlags() []string {
	if r.module == std {
		return nil
	}
	return []string{"-mod=mod"}
}

// fetch copies a module's source to a folder of its own, and has all that it needs downloaded. The standard library
// stays where it is: nothing is written there.
func (r *runner) fetch(row *row) (string, error) {
	if row.module == std {
		root, err := r.goOutput(r.Work, "env", "GOROOT")
		return filepath.Join(strings.TrimSpace(root), "src"), err
	}
	var module struct{ Dir, Error string }
	err := r.goJSON(r.Work, &module, "mod", "download", "-json", row.module)
	if module.Error != "" {
		err = fmt.Errorf("go mod download: %s", module.Error)
	}
	if err != nil {
		return "", err
	}
	dir := filepath.Join(r.Work, row.name)
	if err := os.CopyFS(dir, os.DirFS(module.Dir)); err != nil {
		return "", err
	}
	if err := r.dropReplaces(dir); err != nil {
		return "", err
	}
	_, err = r.goOutput(dir, slices.Concat([]string{"list", "-deps", "-test"}, row.modFlags(), row.packages)...)
	return dir, err
}

// dropReplaces drops the replace directives for modules that are beside this one in its repository: here they are not.
func (r *runner) dropReplaces(dir string) error {
	var mod struct {
		Replace []struct{ Old, New struct{ Path string } }
	}
	if err := r.goJSON(dir, &mod, "mod", "edit", "-json"); err != nil {
		return err
	}
	for _, replace := range mod.Replace {
		if strings.HasPrefix(replace.New.Path, ".") {
			if _, err := r.goOutput(dir, "mod", "edit", "-dropreplace="+replace.Old.Path); err != nil {
				return err
			}
		}
	}
	return nil
}

// goJSON decodes what a go command writes.
func (r *runner) goJSON(dir string, v any, args ...string) error {
	out, err := r.goOutput(dir, args...)
	if jsonErr := json.Unmarshal([]byte(out), v); err == nil {
		err = jsonErr
	}
	return err
}

// goOutput returns what a go command writes to its standard output, also when it fails.
func (r *runner) goOutput(dir string, args ...string) (string, error) {
	return r.Output(dir, append([]string{"go"}, args...)...)
}
