package tree

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A modFile is the part of go mod edit -json and go work edit -json that is needed here.
type modFile struct {
	Use     []struct{ DiskPath string }
	Replace []struct {
		Old, New struct{ Path, Version string }
	}
}

// paths makes relative paths out of the tree in go.mod and go.work absolute, so that they lead to the same place from
// the copy. Beside a vendor folder they stay, because vendor/modules.txt must agree with them.
func (c *copier) paths() error {
	for _, module := range c.src.Modules {
		if rel, inside := below(module, c.src.Root); inside {
			if err := c.edit(rel, "go.mod", "mod"); err != nil {
				return err
			}
		}
	}
	if _, err := os.Stat(filepath.Join(c.to, "go.work")); err == nil {
		return c.edit(".", "go.work", "work")
	}
	return nil
}

// edit makes paths absolute in the file name of the folder at rel, which go VERB edit understands.
func (c *copier) edit(rel, name, verb string) error {
	dir := filepath.Join(c.to, rel)
	if _, err := os.Stat(filepath.Join(dir, "vendor", "modules.txt")); err == nil {
		return nil
	}
	out, err := c.src.Go(dir, verb, "edit", "-json", filepath.Join(dir, name))
	if err != nil {
		return err
	}
	var file modFile
	if err := json.Unmarshal(out, &file); err != nil {
		return fmt.Errorf("go %s edit: %v", verb, err)
	}
	var flags []string
	for _, r := range file.Replace {
		if abs, ok := c.leadsOut(rel, r.New.Path); ok && r.New.Version == "" {
			old := r.Old.Path
			if r.Old.Version != "" {
				old += "@" + r.Old.Version
			}
			flags = append(flags, "-replace="+old+"="+abs)
		}
	}
	for _, u := range file.Use {
		if abs, ok := c.leadsOut(rel, u.DiskPath); ok {
			flags = append(flags, "-dropuse="+u.DiskPath, "-use="+abs)
		}
	}
	if len(flags) == 0 {
		return nil
	}
	if _, err := c.src.Go(dir, append(append([]string{verb, "edit"}, flags...),
		filepath.Join(dir, name))...); err != nil {
		return err
	}
	return c.note(filepath.Join(rel, name))
}

// note notes that a file of the copy was edited.
func (c *copier) note(rel string) error {
	text, err := os.ReadFile(filepath.Join(c.to, rel))
	if err != nil {
		return err
	}
	c.record.Files[filepath.ToSlash(rel)] = hash(text)
	return nil
}

// leadsOut returns the absolute form of a path in a file of the folder at rel, if it is relative and leads out of the
// tree.
func (c *copier) leadsOut(rel, path string) (abs string, ok bool) {
	if filepath.IsAbs(path) ||
		!(path == "." || path == ".." || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../")) {
		return "", false
	}
	abs = filepath.Join(c.src.Root, rel, filepath.FromSlash(path))
	return abs, !contains(c.src.Root, abs)
}
