package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An outcome is what came of a row.
type outcome struct {
	row           *row
	absent        error // why the module could not be had
	failed        error // why it could not be run
	plain, probed *results
	differences   []*difference
	probes        int
	idle          string // what the report said of the idle server, first line
}

// good says whether nothing about o needs a look.
func (o *outcome) good() bool {
	if o.absent != nil || o.failed != nil {
		return false
	}
	for _, d := range o.differences {
		if d.reason == "" && d.left == "" {
			return false
		}
	}
	return true
}

// row runs one row.
func (r *runner) row(row *row) *outcome {
	o := &outcome{row: row}
	dir, err := r.fetch(row)
	if err != nil {
		o.absent = err
		return o
	}
	o.failed = r.compare(o, dir)
	if o.failed == nil && row.serve != nil && !r.race {
		o.idle, o.failed = r.serve(row, dir)
	}
	return o
}

// compare runs the tests both ways, and those that differ again.
func (r *runner) compare(o *outcome, dir string) (err error) {
	row := o.row
	if o.plain, err = r.test(dir, row.name+".plain", r.plainTest(row), row.packages); err != nil {
		return err
	}
	fmt.Fprintf(r.log, "%s: plain: %v\n", row.name, o.plain)
	if o.plain.passing() == 0 {
		return fmt.Errorf("no test passes without probes; see %s", o.plain.log)
	}
	if o.probed, err = r.test(dir, row.name+".probed", r.probedTest(row), row.packages); err != nil {
		return err
	}
	fmt.Fprintf(r.log, "%s: with probes: %v\n", row.name, o.probed)
	if o.probes, err = probes(o.probed.errors); err != nil {
		return err
	}
	o.differences = compare(o.plain, o.probed)
	if err := r.leftBehind(o, dir); err != nil {
		return err
	}
	if err := r.again(o, dir); err != nil {
		return err
	}
	return nil
}

// plainTest and probedTest are the command lines of a row's tests but for the packages.
func (r *runner) plainTest(row *row) []string {
	return append([]string{"go", "test"}, r.testFlags(row)...)
}

func (r *runner) probedTest(row *row) []string {
	return slices.Concat([]string{r.at, "test", "-v"}, r.probeFlags(row), r.testFlags(row))
}

// probeFlags are the flags of awaittrace alone.
func (r *runner) probeFlags(row *row) []string {
	if row.module == std {
		return []string{"-deps=" + strings.Join(row.packages, ",")}
	}
	return nil
}

func (r *runner) testFlags(row *row) []string {
	args := []string{"-json", "-count=1", "-p=1", "-timeout=" + row.limit().String()}
	if row.run != "" {
		args = append(args, "-run="+row.run)
	}
	if row.skip != "" {
		args = append(args, "-skip="+row.skip)
	}
	if r.race {
		args = append(args, "-race")
	}
	return append(append(args, row.modFlags()...), row.flags...)
}

// test runs a command line that writes test events to its standard output, which go to the file name.json.
func (r *runner) test(dir, name string, args, packages []string) (*results, error) {
	out, err := os.Create(r.Path(name + ".json"))
	if err != nil {
		return nil, err
	}
	defer out.Close()
	errs, err := os.Create(r.Path(name + ".stderr"))
	if err != nil {
		return nil, err
	}
	defer errs.Close()
	args = append(args[:len(args):len(args)], packages...)
	cmd := r.Command(dir, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.Stdout, cmd.Stderr = out, errs
	fmt.Fprintf(r.log, "%s: %s\n", name, strings.Join(args, " "))
	if err := cmd.Run(); err != nil {
		if _, ok := err.(*exec.ExitError); !ok || r.Err() != nil {
			return nil, err
		}
	}
	res, err := readResults(out.Name())
	if err != nil {
		return nil, err
	}
	res.errors = errs.Name()
	return res, nil
}

var probesLine = regexp.MustCompile(`(?m)^awaittrace: (\d+) probes? in `)

// probes is the number of probes that awaittrace -v told of.
func probes(name string) (int, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	m := probesLine.FindSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("awaittrace does not say how many probes there are; see %s", name)
	}
	return strconv.Atoi(string(m[1]))
}

// serve lets a server of the row idle for a while, with probes, and asks whether anything is stuck.
func (r *runner) serve(row *row, dir string) (string, error) {
	program := r.Path(row.name + ".server")
	args := append([]string{r.at, "build", "-o", program}, row.modFlags()...)
	if err := r.Run(dir, append(args, row.serve.program)...); err != nil {
		return "", err
	}
	server := r.Command(r.Path("tmp"), append([]string{program}, row.serve.args...)...)
	if err := server.Start(); err != nil {
		return "", err
	}
	defer func() {
		server.Process.Kill()
		server.Wait()
	}()
	time.Sleep(15 * time.Second)
	out, err := r.Command("", r.at, "report", "-after", "5s", "-exit-code",
		strconv.Itoa(server.Process.Pid)).CombinedOutput()
	first, _, _ := strings.Cut(string(out), "\n")
	fmt.Fprintf(r.log, "%s, idle for 15s: %s\n", row.name, first)
	if err != nil {
		return first, fmt.Errorf("%s, idle for 15s: %v\n%s", row.name, err, out)
	}
	return first, nil
}
