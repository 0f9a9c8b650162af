package gocmd

import (
	"bytes"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace"
)

// TestRegisters checks the text of the collector's assembly with parameters in registers. The tests of all forms check
// that programs with it do the same.
func TestRegisters(t *testing.T) {
	files := map[string][]byte{}
	for _, name := range append([]string{assemblyFile, lockFile}, layoutFiles...) {
		text, err := awaittrace.Collector.ReadFile(path.Join("runtime", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = text
	}
	assembly, err := inRegisters(files)
	if err != nil {
		t.Fatal(err)
	}
	text := string(assembly["awaittrace_amd64.s"])
	if !strings.HasPrefix(text, "//go:build (linux || darwin) && !race\n") || strings.Contains(text, "(FP)") {
		t.Errorf("the assembly begins with %q, or takes something from the stack", text[:50])
	}
	named := regexp.MustCompile(`(?m)^(?:TEXT|\tJMP) (\S*)\(SB\)`).FindAllStringSubmatch(text, -1)
	if len(named) < 30 {
		t.Errorf("%d functions and jumps to functions", len(named))
	}
	for _, m := range named {
		if !strings.HasPrefix(m[1], "debug·") || !strings.HasSuffix(m[1], "<ABIInternal>") {
			t.Errorf("%s is not of the register ABI, or not of the collector", m[1])
		}
	}
	if want := []byte("\nfunc Lock(s *Site, m *sync.Mutex)\n"); !bytes.Contains(files[lockFile], want) {
		t.Errorf("%s:\n%s", lockFile, files[lockFile])
	}
	if want := "TEXT debug·Lock<ABIInternal>(SB)"; !strings.Contains(text, want) {
		t.Errorf("no %s", want)
	}
	for _, name := range []string{"fast", "lockSlow"} {
		if !bytes.Contains(files["registers_amd64.go"], []byte("\n//go:linkname "+name+"\n")) {
			t.Errorf("%s may not be referred to:\n%s", name, files["registers_amd64.go"])
		}
	}
	if !bytes.HasPrefix(files[assemblyFile], []byte("//go:build (linux || darwin) && race\n")) {
		t.Errorf("%s is not for -race alone", assemblyFile)
	}
	if goroot, err := exec.Command("go", "env", "GOROOT").Output(); err != nil ||
		!allowsRegisters(strings.TrimSpace(string(goroot))) {
		t.Errorf("this release of Go does not allow it: %v", err)
	}
	if allowsRegisters(t.TempDir()) {
		t.Error("a folder without sources allows it")
	}
}
