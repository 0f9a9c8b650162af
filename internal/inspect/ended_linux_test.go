//go:build !awaittrace_portable

package inspect

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
	"github.com/awaittrace/awaittrace/internal/testing/recordtest"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// A dying target ends when it is read.
type dying struct{ cmd *exec.Cmd }

func (d dying) Read(context.Context, target.Options) (*target.Result, error) {
	d.cmd.Process.Kill()
	d.cmd.Wait()
	return nil, procfs.HasExited(d.cmd.Process.Pid)
}

func (dying) Close() {}

// oneReceive is a program of which one goroutine waits at a probe.
const oneReceive = `taken 1m0s
object 0xc0 chan jobs cap=0
goroutine 1 unknown
  step make/chan /src/main.go:10:9 main.main "make(chan int)" 1ms
goroutine 7 unknown
  wait recv/chan /src/main.go:30:3 main.work <-jobs 0xc0 2s
  step recv/chan /src/main.go:30:3 main.work <-jobs 2s
`

// TestEndsMeanwhile expects of a program that ends while it is looked at what the look before has proven and kept.
func TestEndsMeanwhile(t *testing.T) {
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	path := filepath.Join(t.TempDir(), fmt.Sprintf("%d-0", cmd.Process.Pid))
	snap := snaptext.MustParse(oneReceive)
	snap.Process.Pid = cmd.Process.Pid
	if err := os.WriteFile(path, recordtest.Bytes(snap), 0o600); err != nil {
		t.Fatal(err)
	}
	rec, err := record.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &Session{rec: rec, target: dying{cmd}, here: true, runs: true, process: snapshot.Process{Pid: rec.Pid}}
	defer s.Close()

	before, err := rec.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	if !rec.Live {
		t.Fatal("the program is not alive to begin with")
	}
	proven := &snapshot.Reach{Answer: snapshot.Proven}
	k, _ := before.Find(7)
	before.Goroutines[k].State, before.Goroutines[k].Reason, before.Goroutines[k].Reach = "waiting", "chan receive",
		proven
	before.Goroutines = append(before.Goroutines,
		snapshot.Goroutine{ID: 12, State: "waiting", Reason: "chan receive", Reach: proven})
	before.HasStates, before.Memory = true, &snapshot.Memory{KeptBytes: 4096}
	rec.Keep(before, nil)

	r, err := s.Report(context.Background(), Options{Options: diagnose.Options{After: time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	snap = r.Snapshot
	if snap.Process.State == "live" || snap.NoStates != "" || snap.Process.Looked != before.Taken ||
		snap.Memory == nil || snap.Memory.KeptBytes != 4096 {
		t.Errorf("process %+v, no states %q, memory %+v", snap.Process, snap.NoStates, snap.Memory)
	}
	var leaked []int64
	for _, f := range r.Findings {
		if f.Kind == diagnose.KindLeak && f.Certainty == diagnose.Certain && f.Proof == diagnose.ProofReachability {
			leaked = append(leaked, f.Goroutines...)
		}
	}
	if slices.Sort(leaked); !slices.Equal(leaked, []int64{7, 12}) {
		t.Errorf("the goroutines %v are proven to leak, want 7 and 12:\n%s", leaked, snaptext.Format(snap))
	}
}
