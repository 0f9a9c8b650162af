package e2e

import (
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/awaittrace/awaittrace/internal/procfs"
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
	runtime.LockOSThread() // the program gets the processors of the thread that starts it
	defer runtime.UnlockOSThread()
	var all, first unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	cpu := 0
	for !all.IsSet(cpu) {
		cpu++
	}
	first.Set(cpu)
	if err := unix.SchedSetaffinity(0, &first); err != nil {
		t.Fatal(err)
	}
	defer unix.SchedSetaffinity(0, &all)
	return start(t, nil, name, args...)
}
