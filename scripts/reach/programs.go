//go:build linux && (amd64 || arm64)

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/testing/reachtest"
)

// waits holds reach against the comments of testdata/waits.
func (j *job) waits() error {
	var errs []error
	for _, v := range j.variants() {
		errs = append(errs, j.waitsOf(v))
	}
	return errors.Join(errs...)
}

func (j *job) waitsOf(v variant) error {
	exe, err := j.build("waits", v)
	if err != nil {
		return err
	}
	p, err := reachtest.Start(exec.Command(exe))
	if err != nil {
		return err
	}
	defer p.Close()
	l, err := reachtest.LookAt(p.Pid(), nil)
	if err != nil {
		return fmt.Errorf("go%s %s: %w", v.version, v.name, err)
	}
	defer l.Plan.Close()
	return j.compare(fmt.Sprintf("waits, go%s %s", v.version, v.name), v, l, p.Output)
}

// compare prints how a look agrees with the comments.
func (j *job) compare(what string, v variant, l *reachtest.Look, dump string) error {
	list, err := reachtest.Waits("testdata/waits", "go"+v.version)
	if err != nil {
		return err
	}
	if slices.Contains(v.env, "CGO_ENABLED=0") {
		list = slices.DeleteFunc(list, func(w reachtest.Wait) bool { return w.File == "cgo.go" })
	}
	c := reachtest.Compare(l.Result, list, reachtest.Stacks(dump))
	j.wrong += len(c.False)
	fmt.Fprintf(j.out, "%s: %d goroutines in waits, %d proven, %d false, %d missed, %d otherwise, stopped for %v\n",
		what, c.Goroutines, c.Proven, len(c.False), len(c.Missed), len(c.Other), l.Paused.Round(10*time.Microsecond))
	for _, text := range slices.Concat(c.False, c.Missed, c.Other) {
		fmt.Fprintln(j.out, "   ", text)
	}
	return nil
}

// storm samples testdata/storm.
func (j *job) storm() error {
	var errs []error
	list := slices.DeleteFunc(j.variants(), func(v variant) bool { return v.name == "stripped" })
	for _, v := range list {
		exe, err := j.build("storm", v)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		n := (j.samples + len(list) - 1) / len(list) / 2
		for _, args := range [][]string{nil, {"-profile"}} {
			what := fmt.Sprintf("storm, go%s %s %v", v.version, v.name, args)
			errs = append(errs, j.sample(what, exec.Command(exe, args...), func(i int) bool { return i < max(n, 1) }))
		}
	}
	return errors.Join(errs...)
}

// sample looks at a program in which nothing leaks, for as long as more says.
func (j *job) sample(what string, cmd *exec.Cmd, more func(i int) bool) error {
	p, err := reachtest.Start(cmd)
	if err != nil {
		return err
	}
	defer p.Close()
	prog, err := reach.OpenProgram(cmd.Path)
	if err != nil {
		return err
	}
	samples, failed := 0, 0
	var wrong []int64
	var why error
	for i := 0; more(i) && len(wrong) == 0; i++ {
		l, err := reachtest.LookAt(p.Pid(), prog)
		if err != nil {
			failed, why = failed+1, err
			continue
		}
		samples++
		wrong = l.Proven()
		l.Plan.Close()
	}
	fmt.Fprintf(j.out, "%s: %d samples, %d without an answer, %d false proofs\n", what, samples, failed, len(wrong))
	if why != nil {
		fmt.Fprintln(j.out, "    without an answer:", why)
	}
	if len(wrong) > 0 {
		j.wrong += len(wrong)
		fmt.Fprintln(j.out, p.Quit(wrong))
	}
	return nil
}

// healthy samples the programs of testdata/healthy. The versions share the time that there is for each program.
func (j *job) healthy() error {
	var errs []error
	list := slices.DeleteFunc(j.variants(), func(v variant) bool { return v.name == "stripped" })
	for _, v := range list {
		exe, err := j.build("healthy", v)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		names, err := exec.Command(exe).Output()
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(names)) {
			name := strings.Fields(line + " ?")[0] // some are marked as heavy
			// A shell says that it is ready, and becomes the program.
			cmd := exec.Command("/bin/sh", "-c", `echo ready; exec "$0" "$@"`, exe, name,
				(j.length + time.Minute).String())
			cmd.Env = append(os.Environ(), "TMPDIR="+j.Work) // it is killed, and then removes nothing
			errs = append(errs, j.sampleFor(fmt.Sprintf("healthy, go%s %s, %s", v.version, v.name, name), cmd, exe,
				j.length/time.Duration(len(list))))
		}
	}
	return errors.Join(errs...)
}

// sampleFor looks at a program that needs a second to begin.
func (j *job) sampleFor(what string, cmd *exec.Cmd, exe string, length time.Duration) error {
	p, err := reachtest.Start(cmd)
	if err != nil {
		return err
	}
	defer p.Close()
	prog, err := reach.OpenProgram(exe)
	if err != nil {
		return err
	}
	time.Sleep(time.Second)
	samples, failed := 0, 0
	for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		l, err := reachtest.LookAt(p.Pid(), prog)
		if err != nil {
			failed++
			continue
		}
		samples++
		wrong := l.Proven()
		l.Plan.Close()
		if len(wrong) > 0 {
			text := p.Quit(wrong)
			never := strings.Count(text, "(nil chan)]") + strings.Count(text,
				"[select (no cases)]") // by definition, as the programs want it
			j.wrong += len(wrong) - never
			fmt.Fprintf(j.out, "%s: %d false proofs; blocked by definition are %d\n%s\n", what, len(wrong)-never, never,
				text)
			return nil
		}
	}
	fmt.Fprintf(j.out, "%s: %d samples, %d without an answer, 0 false proofs\n", what, samples, failed)
	return nil
}

// arm64 looks at the core that qemu-user writes when the program that it emulates is aborted.
func (j *job) arm64() error {
	const emulator = "qemu-aarch64"
	if _, err := exec.LookPath(emulator); err != nil {
		return fmt.Errorf("no %s: it is in Debian's qemu-user", emulator)
	}
	var errs []error
	for _, v := range j.versions {
		errs = append(errs, j.emulated(emulator, variant{v, "arm64", nil, []string{"GOARCH=arm64", "CGO_ENABLED=0"}}))
	}
	return errors.Join(errs...)
}

func (j *job) emulated(emulator string, v variant) error {
	exe, err := j.build("waits", v)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(j.Work, "core")
	if err != nil {
		return err
	}
	cmd := exec.Command("sh", "-c", "ulimit -c unlimited; exec "+emulator+" "+exe)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOTRACEBACK=crash")
	p, err := reachtest.Start(cmd)
	if err != nil {
		return err
	}
	p.Quit(nil)
	cores, _ := filepath.Glob(filepath.Join(dir, "*core*"))
	cores = slices.DeleteFunc(cores, func(name string) bool { return !strings.Contains(name, "qemu") })
	if len(cores) == 0 {
		return fmt.Errorf("go%s arm64: qemu left no core", v.version)
	}
	c, err := procfs.OpenCore(cores[0], exe)
	if err != nil {
		return err
	}
	defer c.Close()
	prog, err := reach.OpenProgram(exe)
	if err != nil {
		return err
	}
	l, err := reachtest.Open(c, prog)
	if err != nil {
		return fmt.Errorf("go%s arm64: %w", v.version, err)
	}
	return j.compare("waits, a core of qemu's, go"+v.version+" arm64", v, l, p.Output)
}
