// Healthy runs programs in which nothing is wrong, with probes, and counts what awaittrace tells of them all the same: it must be nothing.
//
//	go run ./scripts/healthy [-for 5m] [-servers] [name ...]
//
// The programs are those of testdata/healthy and, with -servers, nats-server and mochi-mqtt from the module proxy, which idle. All run at the same time, under
// awaittrace run -after 2s; each ends by itself, or on an interrupt, so that its end is looked at, too. The exit status is 1 if anything was told.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// A program is one that is watched.
type program struct {
	name string
	dir  string   // where it is built; empty is here
	args []string // package and arguments
	stop bool     // it has to be interrupted

	exit   error
	told   string // what awaittrace and the program wrote to standard error
	failed bool
}

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("healthy", flag.ContinueOnError)
	flags.SetOutput(stderr)
	length := flags.Duration("for", 5*time.Minute, "how long the programs run")
	servers := flags.Bool("servers", false, "nats-server and mochi-mqtt, too")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	work, err := os.MkdirTemp("", "awaittrace-healthy-")
	if err != nil {
		fmt.Fprintln(stderr, "healthy:", err)
		return 1
	}
	defer os.RemoveAll(work)
	list, err := programs(work, *length, *servers, flags.Args())
	if err != nil {
		fmt.Fprintln(stderr, "healthy:", err)
		return 1
	}
	at := filepath.Join(work, "awaittrace")
	if out, err := exec.Command("go", "build", "-o", at, "./cmd/awaittrace").CombinedOutput(); err != nil {
		fmt.Fprintf(stderr, "healthy: go build: %v\n%s", err, out)
		return 1
	}
	env := append(os.Environ(), "AWAITTRACE_DIR="+filepath.Join(work, "records"))
	var wg sync.WaitGroup
	for _, p := range list {
		wg.Add(1)
		go func() {
			defer wg.Done()
			p.run(at, env, *length)
		}()
	}
	wg.Wait()
	return tell(stdout, list, *length)
}

// programs lists what is to run: those of the names, or all.
func programs(work string, length time.Duration, servers bool, names []string) (list []*program, err error) {
	out, err := exec.Command("go", "run", "./testdata/healthy").Output()
	if err != nil {
		return nil, fmt.Errorf("go run ./testdata/healthy: %v", err)
	}
	for _, name := range strings.Fields(string(out)) {
		list = append(list, &program{name: name, args: []string{"./testdata/healthy", name, length.String()}})
	}
	if servers {
		for _, s := range []struct{ name, module, pkg, args string }{
			{"nats-server", "github.com/nats-io/nats-server/v2@v2.15.2", ".", "-p 14290"},
			{"mochi-mqtt", "github.com/mochi-mqtt/server/v2@v2.7.9", "./cmd", ""},
		} {
			dir := filepath.Join(work, s.name)
			if out, err := exec.Command("scripts/fetch", s.module, dir).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("scripts/fetch %s: %v\n%s", s.module, err, out)
			}
			list = append(list, &program{name: s.name, dir: dir, args: append([]string{s.pkg}, strings.Fields(s.args)...), stop: true})
		}
	}
	if len(names) == 0 {
		return list, nil
	}
	for _, name := range names {
		if !slices.ContainsFunc(list, func(p *program) bool { return p.name == name }) {
			return nil, fmt.Errorf("no program %q; go run ./testdata/healthy lists them", name)
		}
	}
	return slices.DeleteFunc(list, func(p *program) bool { return !slices.Contains(names, p.name) }), nil
}

// run runs the program to its end.
func (p *program) run(at string, env []string, length time.Duration) {
	cmd := exec.Command(at, append([]string{"run", "-after", "2s"}, p.args...)...)
	var errs bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = p.dir, env, &errs
	if err := cmd.Start(); err != nil {
		p.exit, p.failed = err, true
		return
	}
	if p.stop {
		interrupt := time.AfterFunc(length, func() { cmd.Process.Signal(syscall.SIGINT) })
		defer interrupt.Stop()
	}
	p.exit = cmd.Wait()
	p.told = errs.String()
	p.failed = p.exit != nil && !p.stop || strings.Contains(p.told, "awaittrace: ")
}

// tell prints the table, and what was told.
func tell(w io.Writer, list []*program, length time.Duration) int {
	failed := 0
	for _, p := range list {
		verdict := "nothing told"
		if p.failed {
			failed++
			verdict = "WRONG"
		}
		fmt.Fprintf(w, "%-16s %s\n", p.name, verdict)
	}
	for _, p := range list {
		if p.failed {
			fmt.Fprintf(w, "\n%s: %v\n%s", p.name, p.exit, p.told)
		}
	}
	fmt.Fprintf(w, "\n%d healthy programs ran for %v with awaittrace run -after 2s; of %d something was told\n", len(list), length, failed)
	if failed > 0 {
		return 1
	}
	return 0
}
