package snaptext

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// Golden runs a subtest for each testdata/*.txtar. make gets the first section, such as a snapshot, and returns what
// the others should hold, in their order. With update these are renewed.
func Golden(t *testing.T, update bool, make func(t *testing.T, input string) []string) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata/*.txtar: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if len(ar.Files) == 0 {
				t.Fatal("it has no section")
			}
			got := make(t, string(ar.Files[0].Data))
			if len(got) != len(ar.Files)-1 {
				t.Fatalf("it has %d sections, want %d", len(ar.Files), len(got)+1)
			}
			if update {
				for i := range got {
					ar.Files[i+1].Data = []byte(got[i])
				}
				if err := os.WriteFile(file, txtar.Format(ar), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			for i := range got {
				if want := ar.Files[i+1]; got[i] != string(want.Data) {
					t.Errorf("%s: got:\n%s\nwant:\n%s", want.Name, got[i], want.Data)
				}
			}
		})
	}
}
