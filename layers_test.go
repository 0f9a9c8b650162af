package awaittrace

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestLayers holds the packages against the table in docs/architecture.md: a package imports only packages that stand
// further down in it, and each package stands there.
func TestLayers(t *testing.T) {
	doc, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	rank := make(map[string]int)
	for i, row := range regexp.MustCompile("(?m)^\\| `([a-z/]+)` \\|").FindAllStringSubmatch(string(doc), -1) {
		rank[row[1]] = i + 1
	}
	there := make(map[string]bool)
	const module = "github.com/awaittrace/awaittrace/"
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./cmd/...", "./dlvext/...", "./internal/...",
		"./rewrite/...", "./runtime/...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		path := strings.TrimPrefix(p.ImportPath, module)
		if strings.HasPrefix(path, "internal/testing/") || path == "internal/e2e" {
			continue
		}
		if rank[path] == 0 {
			t.Errorf("docs/architecture.md does not name package %s", path)
		}
		for _, imported := range p.Imports {
			below, ours := strings.CutPrefix(imported, module)
			if ours && rank[below] <= rank[path] {
				t.Errorf("package %s imports %s, which stands above it in docs/architecture.md", path, below)
			}
		}
		there[path] = true
	}
	for path := range rank {
		if !there[path] {
			t.Errorf("docs/architecture.md names package %s, which is not there", path)
		}
	}
}
