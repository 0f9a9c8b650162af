// Command vendorpage fetches the libraries of the HTML report from the npm registry, checks them by their hashes, and
// writes them with their licences to internal/export/page/vendor. Run it at the root of the repository:
//
//	go run ./scripts/vendorpage
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A library is a file of an npm package, and the hash that it must have.
type library struct {
	pkg, version, file, licence string
	sha256                      string
	to                          string
}

var libraries = []library{
	{"@dagrejs/dagre", "3.1.3", "dist/dagre.min.js", "LICENSE",
		"54a503e346f93ca0bb10abe7999587e037262935687aca45eb4e4b0f64bbb578", "dagre.min.js"},
	{"htm", "3.1.1", "preact/standalone.umd.js", "LICENSE",
		"62c4ffea400078c0eda7f435b22726b4961ebdf74c8506f188e92bec41d8ac51", "htm-preact.js"},
}

func main() {
	for _, l := range libraries {
		if err := l.fetch(filepath.Join("internal", "export", "page", "vendor")); err != nil {
			fmt.Fprintf(os.Stderr, "vendorpage: %s@%s: %v\n", l.pkg, l.version, err)
			os.Exit(1)
		}
	}
}

func (l *library) fetch(dir string) error {
	tmp, err := os.MkdirTemp("", "vendorpage")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	cmd := exec.Command("npm", "pack", "--silent", l.pkg+"@"+l.version)
	cmd.Dir, cmd.Stderr = tmp, os.Stderr
	name, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("npm pack: %w", err)
	}
	files, err := unpack(filepath.Join(tmp, strings.TrimSpace(string(name))))
	if err != nil {
		return err
	}
	text, licence := files["package/"+l.file], files["package/"+l.licence]
	if text == nil || licence == nil {
		return fmt.Errorf("the package has no %s or no %s", l.file, l.licence)
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != l.sha256 {
		return fmt.Errorf("%s has the hash %x, want %s", l.file, sum, l.sha256)
	}
	if err := os.WriteFile(filepath.Join(dir, l.to), text, 0o644); err != nil {
		return err
	}
	licence = append([]byte(fmt.Sprintf("%s %s, %s\n\n", l.pkg, l.version, l.file)), licence...)
	return os.WriteFile(filepath.Join(dir, l.to+".LICENSE"), licence, 0o644)
}

// unpack returns the files of an npm package.
func unpack(name string) (map[string][]byte, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	files := make(map[string][]byte)
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if files[h.Name], err = io.ReadAll(r); err != nil {
			return nil, err
		}
	}
}
