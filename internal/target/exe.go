package target

import (
	"debug/buildinfo"
	"debug/elf"
	"fmt"
	"os"
	"runtime"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// checkExe rejects an executable that Delve cannot read: Delve would print to standard error and go on with half of it.
// pid is for the message; 0 means a core's executable.
func checkExe(exe string, pid int) error {
	what := fmt.Sprintf("the executable of process %d", pid)
	if pid == 0 {
		what = fmt.Sprintf("%q", exe)
	}
	f, err := os.Open(exe)
	if err != nil {
		return &procfs.Error{Reason: procfs.Unsupported, Text: "cannot open " + what, Err: err}
	}
	defer f.Close()
	if _, err := buildinfo.Read(f); err != nil {
		return &procfs.Error{Reason: procfs.Unsupported, Text: what + " is not a Go program", Err: err}
	}
	ef, err := elf.NewFile(f)
	if err != nil {
		return nil // another system's format: Delve reads it
	}
	if m := machines[runtime.GOARCH]; pid != 0 && ef.Machine != m {
		return &procfs.Error{Reason: procfs.Unsupported,
			Text: fmt.Sprintf("%s is for %v, and this awaittrace for %v", what, ef.Machine, m)}
	}
	if ef.Section(".debug_info") == nil && ef.Section(".zdebug_info") == nil {
		return &procfs.Error{
			Reason: procfs.NoDebugInfo,
			Text:   what + " has no debug information",
			Fix:    "build without -ldflags=-s or -w to see states and stacks",
		}
	}
	return nil
}

// machines are the architectures as ELF names them.
var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
