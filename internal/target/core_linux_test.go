//go:build amd64 || arm64

package target

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// TestCore reads the core that a program leaves when it aborts.
func TestCore(t *testing.T) {
	pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	if err != nil || strings.ContainsAny(string(pattern), "|/%") {
		t.Skipf("the system does not leave cores in the working directory: core_pattern is %q", pattern)
	}
	exe := build(t, "waits.go")
	cmd := exec.Command("sh", "-c", "ulimit -c unlimited; exec "+exe)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOTRACEBACK=crash")
	cmd.Stderr = io.Discard // for the runtime's own dump of all goroutines
	p := startCmd(t, cmd)
	syscall.Kill(p.pid, syscall.SIGABRT)
	cmd.Wait()
	cores, _ := filepath.Glob(filepath.Join(cmd.Dir, "core*"))
	if len(cores) != 1 {
		t.Skipf("no core was left: %v", cmd.ProcessState)
	}

	res, err := Read(t.Context(), Target{Core: cores[0], Exe: exe}, Options{Select: allStacks})
	if err != nil {
		t.Fatal(err)
	}
	checkWants(t, res, "waits.go")
	for _, test := range []struct {
		core, exe string
		want      procfs.Reason
	}{
		{cores[0], "", procfs.Unsupported},
		{cores[0], "/no/such/file", procfs.Unsupported},
		{exe, exe, procfs.Damaged},
		{"testdata/waits.go", exe, procfs.Damaged},
	} {
		_, err := Read(t.Context(), Target{Core: test.core, Exe: test.exe}, Options{})
		if e := (*procfs.Error)(nil); !errors.As(err, &e) || e.Reason != test.want {
			t.Errorf("core %s of %q: %v, want reason %d", filepath.Base(test.core), test.exe, err, test.want)
		} else {
			t.Log(err)
		}
	}

	size := fileSize(t, cores[0])
	for _, n := range []int64{size - 4096, size / 2, size / 4, 1000, 10, 0} {
		if err := os.Truncate(cores[0], n); err != nil {
			t.Fatal(err)
		}
		_, err := Read(t.Context(), Target{Core: cores[0], Exe: exe}, Options{Select: allStacks})
		if e := (*procfs.Error)(nil); err != nil && (!errors.As(err, &e) || e.Reason != procfs.Damaged) {
			t.Errorf("first %d bytes of the core: %v, want reason %d or what is there", n, err, procfs.Damaged)
		}
	}
}

func fileSize(t *testing.T, name string) int64 {
	t.Helper()
	fi, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return fi.Size()
}
