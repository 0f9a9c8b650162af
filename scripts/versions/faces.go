//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A face is something that users do, with a check that it does what it should.
type face struct {
	name string
	try  func(t *toolchain) error
}

var faces = []face{
	{"`build`", func(t *toolchain) error { return t.samePrograms() }},
	{"`build -race`", func(t *toolchain) error { return t.samePrograms("-race") }},
	{"`report`", (*toolchain).report},
	{"`test`", (*toolchain).test},
	{"`test -cover`", (*toolchain).cover},
	{"`instrument -o`", (*toolchain).instrumentCopy},
	{"`instrument -overlay`", (*toolchain).instrumentOverlay},
	{"`dlv`", (*toolchain).delve},
}

// samePrograms builds the program of all forms with and without probes: both must print the same.
func (t *toolchain) samePrograms(flags ...string) error {
	var printed [2]string
	for i, name := range []string{"go", t.at} {
		args := append([]string{"build", "-trimpath"}, flags...)
		if _, err := t.run("torture", name, append(args, "-o", "program", ".")...); err != nil {
			return err
		}
		out, err := t.run("torture", "./program")
		if err != nil {
			return err
		}
		printed[i] = out
	}
	if printed[0] != printed[1] {
		return errors.New("the program prints something else with probes")
	}
	return nil
}

// patience bounds the wait for what must come about, on a machine that may be very busy.
const patience = 3 * time.Minute

// hang builds and starts the program that deadlocks.
func (t *toolchain) hang() (*exec.Cmd, error) {
	if _, err := t.run("module", t.at, "build", "-gcflags=all=-N -l", "-o", "program", "."); err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(t.work, "module", "program"))
	cmd.Env = t.env
	return cmd, cmd.Start()
}

// report waits until the report of a program has the deadlock, with the stacks of both goroutines.
func (t *toolchain) report() error {
	cmd, err := t.hang()
	if err != nil {
		return err
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		var out string
		// it has its record
		if out, err = t.run("module", t.at, "report", "-f", "json", strconv.Itoa(cmd.Process.Pid)); err == nil {
			err = t.deadlocked(out)
		}
		if err == nil {
			return nil
		}
	}
	return err
}

// deadlocked says what is not in a report that should have the deadlock.
func (t *toolchain) deadlocked(report string) error {
	var r struct {
		Process    struct{ Go string }
		Findings   []struct{ Kind string }
		Goroutines []struct {
			Verdict string
			Stack   []struct{ Func string }
		}
	}
	if err := json.Unmarshal([]byte(report), &r); err != nil {
		return err
	}
	stacks := 0
	for _, g := range r.Goroutines {
		for _, f := range g.Stack {
			if g.Verdict == "deadlock" && f.Func == "main.transfer" {
				stacks++
			}
		}
	}
	if r.Process.Go != "go"+t.version || len(r.Findings) == 0 || r.Findings[0].Kind != "deadlock" || stacks != 2 {
		return fmt.Errorf("%s, %d findings, %d stacks", r.Process.Go, len(r.Findings), stacks)
	}
	return nil
}

// test runs tests: the one that leaves a goroutine must fail, the other pass.
func (t *toolchain) test() error {
	if _, err := t.run("module", t.at, "test", "./sum"); err != nil {
		return err
	}
	out, err := t.run("module", t.at, "test", "./...")
	if err == nil || !strings.Contains(out, "--- FAIL: TestLeft") ||
		!strings.Contains(out, "ok  \tawaittrace.test/versions/sum") {
		return fmt.Errorf("a test leaves a goroutine, and what is said is %v\n%s", err, out)
	}
	return nil
}

// cover compares the coverage with and without probes.
func (t *toolchain) cover() error {
	var profiles [2]string
	for i, name := range []string{"go", t.at} {
		if _, err := t.run("module", name, "test", "-coverprofile=cover.out", "./sum"); err != nil {
			return err
		}
		data, err := os.ReadFile(filepath.Join(t.work, "module", "cover.out"))
		if err != nil {
			return err
		}
		profiles[i] = string(data)
	}
	if profiles[0] != profiles[1] {
		return fmt.Errorf("the coverage is\n%swith probes\n%s", profiles[0], profiles[1])
	}
	return nil
}

// instrumentCopy builds and tests a copy with the go command.
func (t *toolchain) instrumentCopy() error {
	if _, err := t.run("module", t.at, "instrument", "-o", "../copy"); err != nil {
		return err
	}
	if _, err := t.run("copy", "go", "vet", "./..."); err != nil {
		return err
	}
	_, err := t.run("copy", "go", "test", "./...")
	return err
}

// instrumentOverlay runs the command line that comes with an overlay.
func (t *toolchain) instrumentOverlay() error {
	line, err := t.run("module", t.at, "instrument", "-overlay", "overlay.json", ".")
	if err != nil {
		return err
	}
	_, err = t.run("module", "sh", "-c", strings.TrimSpace(line)+" && nm versions | grep -q 'debug[.]Lock'")
	return err
}

// delve attaches to the program that deadlocks, and asks what is stuck.
func (t *toolchain) delve() error {
	cmd, err := t.hang()
	if err != nil {
		return err
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	ask := fmt.Sprintf("printf 'stuck\\nexit\\nn\\n' | %s dlv attach --allow-non-terminal-interactive %d", t.at,
		cmd.Process.Pid)
	out := ""
	// until they have waited for long enough
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Second) {
		if out, err = t.run("module", "sh", "-c", ask); err != nil || strings.Contains(out, "deadlock: ") {
			return err
		}
	}
	return errors.New(out)
}
