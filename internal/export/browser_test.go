package export_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestBrowser looks at the page in headless Chromium, by testdata/pageclient, whose packages `npm ci` installs.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes long to start")
	}
	client, err := filepath.Abs("../../testdata/pageclient")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(client, "node_modules")); err != nil {
		t.Skip("no packages: npm ci in testdata/pageclient installs them")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node")
	}
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium")
	}
	dir := t.TempDir()
	args := []string{"page.js"}
	docs := documents(t)
	docs["large"] = large(10_000)
	for name, doc := range docs {
		file := filepath.Join(dir, name+".html")
		if err := os.WriteFile(file, write(t, "html", doc), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, args...)
	cmd.Dir, cmd.Env = client, append(os.Environ(), "CHROMIUM="+chromium, "HOME="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}
