package gocmd

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/awaittrace/awaittrace"
)

// An Overlay maps paths of files to the paths of their replacements, as in the file of go's -overlay; an empty string
// means that there is no such file.
type Overlay map[string]string

// overlayFile is the JSON of a file of -overlay.
type overlayFile struct{ Replace Overlay }

// ReadOverlay reads a file of go's -overlay. Relative paths in it, and name itself, are relative to dir. The result is
// not nil.
func ReadOverlay(dir, name string) (Overlay, error) {
	data, err := os.ReadFile(absolute(dir, name))
	if err != nil {
		return nil, fmt.Errorf("-overlay: %v", err)
	}
	var file overlayFile
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("-overlay: %s: %v", name, err)
	}
	overlay := Overlay{}
	for from, to := range file.Replace {
		if to != "" {
			to = absolute(dir, to)
		}
		overlay[absolute(dir, from)] = to
	}
	return overlay, nil
}

// absolute returns name relative to dir, which may be empty for the current folder.
func absolute(dir, name string) string {
	if !filepath.IsAbs(name) {
		name = filepath.Join(dir, name)
	}
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}

// write writes o as a file of -overlay.
func (o Overlay) write(name string) error {
	data, err := json.MarshalIndent(overlayFile{o}, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o666)
}

// addCollector adds the collector as the package CollectorPath of goroot.
func (o Overlay) addCollector(goroot string, cache *Cache) error {
	folder := filepath.Join(goroot, "src", filepath.FromSlash(CollectorPath))
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("GOROOT has no sources: no folder %s", folder)
	}
	entries, err := awaittrace.Collector.ReadDir("runtime")
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = awaittrace.Collector.ReadFile(path.Join("runtime", name)); err != nil {
			return err
		}
	}
	if allowsRegisters(goroot) {
		assembly, err := inRegisters(files)
		if err != nil {
			return err
		}
		if err := o.add(filepath.Join(goroot, "src", filepath.FromSlash(registersPath)), assembly, cache); err != nil {
			return err
		}
	}
	return o.add(folder, files, cache)
}

// add adds files to a folder.
func (o Overlay) add(folder string, files map[string][]byte, cache *Cache) error {
	for name, data := range files {
		stored, err := cache.Put(data, filepath.Ext(name))
		if err != nil {
			return err
		}
		o[filepath.Join(folder, name)] = stored
	}
	return nil
}
