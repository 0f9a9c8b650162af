package awaittrace

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestContributing does what the example of CONTRIBUTING.md says, with the row that stands there.
func TestContributing(t *testing.T) {
	if testing.Short() {
		t.Skip("builds awaittrace")
	}
	doc, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile("(?s)```diff\n (.*?)\n\\+(.*?)\n (.*?)\n```").FindStringSubmatch(string(doc))
	if lines == nil {
		t.Fatal("CONTRIBUTING.md has no row to add")
	}
	before, row, after := lines[1], lines[2], lines[3]
	const table = "rewrite/catalog_table.go"
	source, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(source), before+"\n"+after) {
		t.Fatalf("%s has no lines\n%s\n%s", table, before, after)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	edited := write("catalog_table.go", strings.Replace(string(source), after, row+"\n"+after, 1))
	original, err := filepath.Abs(table)
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: edited}})
	if err != nil {
		t.Fatal(err)
	}
	tool := filepath.Join(dir, "awaittrace")
	if out, err := exec.Command("go", "build", "-overlay", write("overlay.json", string(overlay)), "-o", tool,
		"./cmd/awaittrace").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(tool, "instrument", "-o", filepath.Join(dir, "copy"), "./...")
	cmd.Dir = filepath.Join("testdata", "contributing")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "io 1") {
		t.Errorf("%v\n%s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "copy", "main.go"))
	if err != nil || !regexp.MustCompile(`_at\.IO\(&\w+\[\d\], &client\)\.Pop`).Match(text) {
		t.Errorf("the copy has no probe around client.Pop: %v\n%s", err, text)
	}
}
