//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// hottest are the operations whose instructions are held against instructions.txt.
var hottest = []string{
	"Mutex Lock + Unlock", "RWMutex RLock + RUnlock", "buffered send + receive", "unbuffered round trip",
	"select of 2, ready",
	"Write to an io.Writer that may wait",
}

const (
	kept     = "bench/instructions.txt"
	fewest   = 20_000 // operations of the run that is taken off the other one
	most     = 70_000
	tolerate = 1.1
)

// instructions counts what the probes of each operation add to it. The counts depend on the compiler: those of another
// version of Go are not compared.
func (p *pair) instructions(update bool, w io.Writer) error {
	if _, err := exec.LookPath("valgrind"); err != nil || runtime.GOARCH != "amd64" {
		fmt.Fprintln(w, "instructions are not counted: that needs valgrind, and amd64")
		return nil
	}
	version, known, err := readKept()
	if err != nil && !update {
		return err
	}
	if !update && version != goVersion() {
		fmt.Fprintf(w, "instructions are not counted: %s is of %s, and this is %s\n", kept, version, goVersion())
		return nil
	}
	text := goVersion() + "\n"
	var over []error
	for _, name := range hottest {
		n, err := p.added(name)
		if err == nil && float64(n) > float64(known[name])*tolerate {
			n, err = p.added(name) // something else may have run in between
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(w, "%s: %d instructions, %d before\n", name, n, known[name])
		text += fmt.Sprintf("%d\t%s\n", n, name)
		if !update && float64(n) > float64(known[name])*tolerate {
			over = append(over, fmt.Errorf("%s: the probes take %d instructions, and took %d", name, n, known[name]))
		}
	}
	if update {
		return os.WriteFile(kept, []byte(text), 0o666)
	}
	return errors.Join(over...)
}

// readKept returns the version of Go in instructions.txt, and the instructions by operation.
func readKept() (version string, known map[string]int, err error) {
	text, err := os.ReadFile(kept)
	if err != nil {
		return "", nil, err
	}
	version, rows, _ := strings.Cut(string(text), "\n")
	known = map[string]int{}
	for row := range strings.Lines(rows) {
		n, name, _ := strings.Cut(strings.TrimSpace(row), "\t")
		if known[name], err = strconv.Atoi(n); err != nil {
			return "", nil, fmt.Errorf("%s: %w", kept, err)
		}
	}
	return version, known, nil
}

// goVersion returns the version of Go without the last number.
func goVersion() string {
	parts := strings.SplitN(runtime.Version(), ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// added returns how many instructions the probes add to one operation.
func (p *pair) added(name string) (int, error) {
	probed, err := p.each(p.probed, name)
	if err != nil {
		return 0, err
	}
	plain, err := p.each(p.plain, name)
	return probed - plain, err
}

// each returns how many instructions an operation takes: the difference of two runs of a program, divided.
func (p *pair) each(path, name string) (int, error) {
	few, err := p.count(path, name, fewest)
	if err != nil {
		return 0, err
	}
	many, err := p.count(path, name, most)
	return (many - few) / (most - fewest), err
}

// count returns how many instructions a program executes.
func (p *pair) count(path, name string, n int) (int, error) {
	cmd := exec.Command("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", path, name, strconv.Itoa(n))
	// Neither the collector nor sysmon is part of an operation, and valgrind does not know RDTSCP.
	cmd.Env = append(p.env, "GOGC=off", "GODEBUG=asyncpreemptoff=1,cpu.rdtscp=off")
	out, err := cmd.CombinedOutput()
	found := regexp.MustCompile(`Collected : (\d+)`).FindSubmatch(out)
	if err != nil || found == nil {
		return 0, fmt.Errorf("valgrind: %v\n%s", err, out)
	}
	return strconv.Atoi(string(found[1]))
}
