package e2e

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/reportcase"
)

// TestReports runs the programs of testdata/reports/std, each of which reproduces a public bug report, and checks the
// few facts that awaittrace must report about it. scripts/reports runs those with the real modules.
func TestReports(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs some thirty programs")
	}
	t.Parallel()
	dir := filepath.Join(testdata, "reports", "std")
	files, err := filepath.Glob(filepath.Join(dir, "*", "EXPECT"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d cases in %s: %v", len(files), dir, err)
	}
	program := build(t, true, dir, ".")
	var jobs []*reportcase.Job
	for _, file := range files {
		c, err := reportcase.Read(filepath.Dir(file))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range c.Runs {
			jobs = append(jobs, &reportcase.Job{Case: c, Run: r, Exe: program, Args: []string{c.Name}})
		}
	}
	pl := &reportcase.Player{Awaittrace: awaittrace, Dir: t.TempDir(), After: time.Second}
	pl.PlayAll(context.Background(), jobs, func(j *reportcase.Job) {
		t.Run(j.Name(), func(t *testing.T) {
			if j.Err != nil {
				t.Fatal(j.Err)
			}
			if problems := j.Run.Check(j.Report); len(problems) > 0 {
				t.Errorf("%s\n%s", strings.Join(problems, "\n"), j.Report.JSON)
			}
		})
	})
}
