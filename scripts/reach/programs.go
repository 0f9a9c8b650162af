//go:build linux && (amd64 || arm64)

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/source"
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
	c := reachtest.Compare(l.Result, list, reachtest.Stacks(dump))
	j.wrong += len(c.False)
	fmt.Fprintf(j.out, "%s: %d goroutines in waits, %d proven, %d false, %d missed, stopped for %v\n",
		what, c.Goroutines, c.Proven, len(c.False), len(c.Missed), l.Paused.Round(10*time.Microsecond))
	for _, text := range slices.Concat(c.False, c.Missed) {
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

// healthy samples the programs of testdata/healthy.
func (j *job) healthy() error {
	exe := filepath.Join(j.work, "healthy")
	if out, err := exec.Command("go", "build", "-o", exe, "./testdata/healthy").CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %v\n%s", err, out)
	}
	names, err := exec.Command(exe).Output()
	if err != nil {
		return err
	}
	var errs []error
	for line := range strings.Lines(string(names)) {
		name := strings.Fields(line + " ?")[0] // some are marked as heavy
		// A shell says that it is ready, and becomes the program.
		cmd := exec.Command("/bin/sh", "-c", `echo ready; exec "$0" "$@"`, exe, name, (j.length + time.Minute).String())
		errs = append(errs, j.sampleFor("healthy, "+name, cmd, exe))
	}
	return errors.Join(errs...)
}

// sampleFor looks at a program that needs a second to begin.
func (j *job) sampleFor(what string, cmd *exec.Cmd, exe string) error {
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
	for end := time.Now().Add(j.length); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
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
			never := strings.Count(text, "(nil chan)]") + strings.Count(text, "[select (no cases)]") // by definition, as the programs want it
			j.wrong += len(wrong) - never
			fmt.Fprintf(j.out, "%s: %d false proofs; blocked by definition are %d\n%s\n", what, len(wrong)-never, never, text)
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
	for _, version := range j.versions {
		errs = append(errs, j.emulated(emulator, variant{version, "arm64", nil, []string{"GOARCH=arm64", "CGO_ENABLED=0"}}))
	}
	return errors.Join(errs...)
}

func (j *job) emulated(emulator string, v variant) error {
	exe, err := j.build("waits", v)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(j.work, "core")
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
	c, err := source.OpenCore(cores[0], exe)
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

var (
	writesProfile = regexp.MustCompile(`\bprof\.WriteTo\(`)
	registers     = regexp.MustCompile(`(?m)^\s*register\("(\w+)"`)
	leaked        = regexp.MustCompile(`(?m)^goroutine (\d+) .*\[[^\]]*\bleaked\b`)
)

// pausing is added to Go's programs: they are looked at before they take their profile.
const pausing = `package main

import (
	"io"
	"os"
	"runtime/pprof"
	"syscall"
)

func profile(p *pprof.Profile, w io.Writer, debug int) {
	os.Stdout.WriteString("ready\n")
	syscall.Read(0, make([]byte, 1))
	p.WriteTo(w, debug)
}
`

// goProfile holds reach against Go's own profile of leaks.
func (j *job) goProfile() error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	from := filepath.Join(strings.TrimSpace(string(root)), "src", "runtime", "testdata", "testgoroutineleakprofile")
	var programs, marked, proven, missed, extra int
	for _, sub := range []string{".", "goker"} {
		exe := filepath.Join(j.work, "profile-"+filepath.Base(sub))
		names, err := j.copyProfiled(filepath.Join(from, sub), exe)
		if err != nil {
			return err
		}
		for _, name := range names {
			theirs, ours, reasons, err := profiled(exe, name)
			if err != nil {
				fmt.Fprintf(j.log, "reach: %s: %v\n", name, err)
				continue
			}
			programs, marked, proven = programs+1, marked+len(theirs), proven+len(ours)
			for _, id := range theirs {
				if !slices.Contains(ours, id) {
					missed++
					fmt.Fprintf(j.out, "    %s: Go marks goroutine %d, which is not proven: %s\n", name, id, reasons(id))
				}
			}
			more := slices.DeleteFunc(slices.Clone(ours), func(id int64) bool { return slices.Contains(theirs, id) })
			if extra += len(more); len(more) > 0 {
				fmt.Fprintf(j.out, "    %s: proven, and not marked by Go: %d, such as %v\n", name, len(more), more[:min(3, len(more))])
			}
		}
	}
	fmt.Fprintf(j.out, "%d of Go's programs, go%s: Go marks %d, proven are %d; %d of Go's are not, %d are more\n", programs, here(), marked, proven, missed, extra)
	return nil
}

// copyProfiled builds the programs of a folder so that they wait before they take their profile, and returns their names.
func (j *job) copyProfiled(from, exe string) (names []string, err error) {
	dir := exe + "-source"
	if err := os.Mkdir(dir, 0o777); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(from, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for _, m := range registers.FindAllSubmatch(text, -1) {
			names = append(names, string(m[1]))
		}
		text = writesProfile.ReplaceAll(text, []byte("profile(prof, "))
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), text, 0o666); err != nil {
			return nil, err
		}
	}
	for name, text := range map[string]string{"go.mod": "module profiled\n\ngo 1.26\n", "zprofile.go": pausing} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return nil, err
		}
	}
	return names, j.goBuild(dir, exe, variant{env: []string{"GOEXPERIMENT=goroutineleakprofile"}})
}

// profiled runs one of Go's programs, and returns what Go's profile marks and what is proven.
func profiled(exe, name string) (theirs, ours []int64, reasons func(int64) string, err error) {
	cmd := exec.Command(exe, name)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, nil, err
	}
	p, err := reachtest.Start(cmd)
	if err != nil {
		return nil, nil, nil, err
	}
	defer p.Close()
	time.Sleep(200 * time.Millisecond) // Go's profile comes a little later, too
	l, err := reachtest.LookAt(p.Pid(), nil)
	if err != nil {
		return nil, nil, nil, err
	}
	ours = l.Proven()
	stdin.Close() // also for programs that take more than one profile
	for _, m := range leaked.FindAllStringSubmatch(p.Rest(), -1) {
		id, _ := strconv.ParseInt(m[1], 10, 64)
		theirs = append(theirs, id)
	}
	reasons = func(id int64) string { _, why := l.Answer(id); return why }
	return theirs, ours, reasons, nil
}
