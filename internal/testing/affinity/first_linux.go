// Package affinity decides which processors the programs of a test may use.
package affinity

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// First calls start. The programs that start begins may use only the first processor.
func First(t *testing.T, start func()) {
	t.Helper()
	runtime.LockOSThread() // a program gets the processors of the thread that starts it
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
	start()
}
