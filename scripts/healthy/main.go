// Healthy runs programs in which nothing is wrong, with probes, and counts what awaittrace reports: it must be nothing.
//
//	go run ./scripts/healthy [-for 30s] [-reports 2] [-after 1s] [-p 16] [-servers] [name ...]
//
// The programs are those of testdata/healthy and, with -servers, nats-server and mochi-mqtt from the module proxy,
// which idle. Those of testdata/healthy run some at a time, the heavy ones after the others in pairs, and awaittrace
// report looks at one after the other until they end, every other time without their memory (-prove never). One that
// has ended with fewer than -reports of them, as on a busy machine, goes on in another process for twice as long. All
// of them at once in one process, which is the program "all", and the servers run under awaittrace run; they end by
// themselves, or on an interrupt, so that their end is looked at, too. The program "all-unread" is the same, and its
// memory is never read. The exit status is 1 if anything was reported.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

// options are what the flags say.
type options struct {
	length  time.Duration // how long each program runs
	reports int           // the fewest of each program
	after   time.Duration // how long a wait is before it is called stuck
	at      int           // how many run at a time
	servers bool
	again   bool
	names   []string // empty: all
}

func main() {
	o := new(options)
	flag.DurationVar(&o.length, "for", 30*time.Second, "how long each program runs")
	flag.IntVar(&o.reports, "reports", 2, "the fewest reports of a program; it runs for longer if they take longer")
	flag.DurationVar(&o.after, "after", time.Second, "how long a wait is before it is called stuck")
	flag.IntVar(&o.at, "p", 16, "how many programs run at a time, of heavy ones at most two")
	flag.BoolVar(&o.again, "again", false,
		"run a program of which something was told once more, alone, and count what is told then")
	flag.BoolVar(&o.servers, "servers", false, "nats-server and mochi-mqtt, too")
	script.Main("healthy", func(s *script.Script, names []string) error {
		o.names = names
		return runAll(s, *o)
	})
}

// runAll runs the programs, and prints the table.
func runAll(s *script.Script, o options) error {
	w := &watcher{Script: s, options: o, exe: s.Path("healthy")}
	list, err := w.programs()
	if err != nil {
		return err
	}
	if w.awaittrace, err = s.Awaittrace(); err != nil {
		return err
	}
	if err := s.Run("", w.awaittrace, "build", "-o", w.exe, "./testdata/healthy"); err != nil {
		return err
	}
	w.watchAll(list)
	if tell(os.Stdout, list, o) > 0 {
		return script.ErrFailed
	}
	return nil
}

// watchAll runs the programs, heavy ones after the others, and those again, alone, of which something was told if that
// is asked for.
func (w *watcher) watchAll(list []*program) {
	w.sideBySide(w.at, list, func(p *program) bool { return !p.heavy })
	w.sideBySide(min(w.at, 2), list, func(p *program) bool { return p.heavy })
	for _, p := range list {
		if p.failed && w.again {
			p.first, p.failed, p.exit, p.reports = p.told, false, nil, 0
			os.RemoveAll(w.records(p))
			w.watch(p)
		}
	}
}

// sideBySide runs the programs that are among those to run, n at a time.
func (w *watcher) sideBySide(n int, list []*program, among func(*program) bool) {
	var wg sync.WaitGroup
	slots := make(chan bool, max(n, 1))
	for _, p := range list {
		if !among(p) {
			continue
		}
		slots <- true
		wg.Go(func() {
			w.watch(p)
			<-slots
		})
	}
	wg.Wait()
}

// records is where the records of p are.
func (w *watcher) records(p *program) string { return w.Path(p.name + "-record") }

// A program is one that is watched.
type program struct {
	name    string
	heavy   bool
	run     bool     // under awaittrace run
	dir     string   // of run: where it is built; empty is here
	args    []string // of run: package and arguments
	stop    bool     // it has to be interrupted
	unread  bool     // its memory is never read
	reports int      // that were taken of it

	exit   error
	told   string // what awaittrace and the program said
	first  string // and the first time, if it was run again
	failed bool
}

// A watcher runs programs.
type watcher struct {
	*script.Script
	options
	awaittrace, exe string
	looking         sync.Mutex // one report at a time
}

// programs lists what is to run: those of the names, or all.
func (w *watcher) programs() (list []*program, err error) {
	out, err := w.Output("", "go", "run", "./testdata/healthy")
	if err != nil {
		return nil, err
	}
	for _, line := range strings.Split(strings.TrimSpace(out), "\n") {
		name, heavy, _ := strings.Cut(line, " ")
		list = append(list, &program{name: name, heavy: heavy != ""})
	}
	list = append(list, &program{name: "all", run: true,
		args: []string{"./testdata/healthy", "all", w.length.String()}})
	list = append(list, &program{name: "all-unread", unread: true, heavy: true})
	if w.servers {
		for _, s := range []struct{ name, module, pkg, args string }{
			{"nats-server", "github.com/nats-io/nats-server/v2@v2.15.2", ".", "-p 14290"},
			{"mochi-mqtt", "github.com/mochi-mqtt/server/v2@v2.7.9", "./cmd", ""},
		} {
			dir := w.Path(s.name)
			if err := w.Run("", "scripts/fetch", s.module, dir); err != nil {
				return nil, err
			}
			list = append(list, &program{name: s.name, run: true, dir: dir,
				args: append([]string{s.pkg}, strings.Fields(s.args)...), stop: true})
		}
	}
	if len(w.names) == 0 {
		return list, nil
	}
	for _, name := range w.names {
		if !slices.ContainsFunc(list, func(p *program) bool { return p.name == name }) {
			return nil, fmt.Errorf("no program %q; go run ./testdata/healthy lists them", name)
		}
	}
	return slices.DeleteFunc(list, func(p *program) bool { return !slices.Contains(w.names, p.name) }), nil
}

// longest is how long a process may run: it ends by itself after its length, and soon.
const longest = 15 * time.Minute

// watch runs the program to its end, again for twice as long until there are enough reports of it.
func (w *watcher) watch(p *program) {
	for length := w.length; ; length *= 2 {
		w.runFor(p, length)
		switch {
		case p.failed || p.run || p.reports >= w.options.reports:
			return
		case 2*length > longest:
			p.failed, p.told = true, fmt.Sprintf("only %d reports, and the last process ran for %v\n", p.reports, length)
			return
		}
	}
}

// runFor runs the program once, for that long.
func (w *watcher) runFor(p *program, length time.Duration) {
	ctx, cancel := context.WithTimeout(w.Context, longest)
	defer cancel()
	var cmd *exec.Cmd
	if p.run {
		cmd = exec.CommandContext(ctx, w.awaittrace, append([]string{"run", "-after", w.after.String()}, p.args...)...)
	} else {
		name, _, _ := strings.Cut(p.name, "-unread")
		cmd = exec.CommandContext(ctx, w.exe, name, length.String())
	}
	var errs bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stderr = p.dir, append(os.Environ(), "AWAITTRACE_DIR="+w.records(p)), &errs
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // its stacks say where it hangs
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		p.exit, p.failed = err, true
		return
	}
	if p.stop {
		interrupt := time.AfterFunc(length, func() { cmd.Process.Signal(syscall.SIGINT) })
		defer interrupt.Stop()
	}
	if p.run {
		p.exit = cmd.Wait()
		p.told = errs.String()
		p.failed = p.exit != nil && !p.stop || strings.Contains(p.told, "awaittrace: ")
		return
	}
	told := w.look(ctx, p, cmd, length)
	p.exit = cmd.Wait()
	p.told = told + errs.String()
	p.failed = p.exit != nil || told != ""
}

// look takes reports of the program until it is about to end, and returns the first that tells something.
func (w *watcher) look(ctx context.Context, p *program, cmd *exec.Cmd, length time.Duration) string {
	end := time.Now().Add(length)
	for pause := 3 * w.after; ; pause = 5 * w.after {
		if time.Until(end) < pause {
			return ""
		}
		time.Sleep(pause)
		w.looking.Lock()
		if time.Now().After(end) {
			w.looking.Unlock()
			return ""
		}
		prove := "auto"
		if p.unread || p.reports%2 == 1 {
			prove = "never"
		}
		report := exec.CommandContext(ctx, w.awaittrace, "report", "-exit-code", "-after", w.after.String(),
			"-prove", prove, strconv.Itoa(cmd.Process.Pid))
		report.Env = cmd.Env
		out, err := report.CombinedOutput()
		w.looking.Unlock()
		if strings.Contains(string(out), fmt.Sprintf("process %d has exited", cmd.Process.Pid)) {
			return "" // it ended meanwhile: a report of what was left is none of a program that runs
		}
		p.reports++
		if err != nil {
			return string(out)
		}
	}
}

// tell prints the table, and what was told, and returns of how many programs that was.
func tell(w io.Writer, list []*program, o options) int {
	failed, reports := 0, 0
	for _, p := range list {
		verdict := "nothing told"
		if p.failed {
			failed++
			verdict = "WRONG"
		}
		reports += p.reports
		if p.first != "" && !p.failed {
			verdict = "nothing told when it ran alone; before that:\n" + p.first
		}
		fmt.Fprintf(w, "%-16s %s\n", p.name, verdict)
	}
	for _, p := range list {
		if p.failed {
			fmt.Fprintf(w, "\n%s: %v\n%s", p.name, p.exit, p.told)
		}
	}
	fmt.Fprintf(w, "\n%d healthy programs ran for %v or longer, with %d reports of -after %v; of %d something was told\n",
		len(list), o.length, reports, o.after, failed)
	return failed
}
