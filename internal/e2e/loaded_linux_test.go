package e2e

import (
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/testing/affinity"
)

// TestLoaded reports a loop that gets nowhere, and gets two percent of a processor: it may use only one, on which the
// system prefers another program.
func TestLoaded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	t.Parallel()
	exe := build(t, true, filepath.Join(testdata, "reports", "std"), ".")
	busy := func(r report) bool {
		return slices.ContainsFunc(r.Findings, func(f finding) bool { return f.Kind == "busy" && f.Certainty == "likely" })
	}
	p := onOneProcessor(t, exe, "eofspin")
	p.until("the loop to be reported", busy, "-after", "1s")
	if err := syscall.Setpriority(syscall.PRIO_PGRP, p.cmd.Process.Pid, 17); err != nil {
		t.Fatal(err)
	}
	onOneProcessor(t, "sh", "-c", "while :; do :; done")
	began, used := time.Now(), processorTime(t, p)
	p.until("the slow loop to be reported", busy, "-after", "1s")
	if share := float64(processorTime(t, p)-used) / float64(time.Since(began)); share > 0.03 {
		t.Errorf("the program has had %.3f of a processor", share)
	}
}

// processorTime returns how much processor time a program has used.
func processorTime(t *testing.T, p *process) time.Duration {
	t.Helper()
	st, err := procfs.ReadStat(p.cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return st.Busy
}

// onOneProcessor starts a program that may use only the first processor.
func onOneProcessor(t *testing.T, name string, args ...string) *process {
	t.Helper()
	var p *process
	affinity.First(t, func() { p = start(t, nil, name, args...) })
	return p
}
