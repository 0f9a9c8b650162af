package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/scripts/goker/hold"
)

// patience is how long a program may take for what it does, and for an answer.
const patience = 90 * time.Second

// A played is one run of a program.
type played struct {
	err   error  // it could not be looked at, for such a reason as that the machine was too busy
	crash string // how it ended before it was asked anything; empty: it did not
	// stuck are the goroutines that the bug keeps waiting; waiting those that waited for another one when the tool was
	// asked, and still those that did when it had answered.
	stuck, waiting, still map[int64]*goroutine
	// moved is how many were in the same place in all dumps, and by their record had come there since the first: a few
	// programs have goroutines that go round and are nearly always in one place. They count as going on, and are
	// listed below the table.
	moved  int
	told   map[int64]bool // by the tool, of a variant with one in the program
	report *document      // of awaittrace
}

// A result is all runs of a program, by variant.
type result struct {
	program
	runs map[string][]*played
}

// playAll runs all programs in all variants, several at a time.
func (c *corpus) playAll(ctx context.Context, programs []program) ([]*result, error) {
	results := make([]*result, len(programs))
	slots := make(chan bool, c.parallel)
	var wg sync.WaitGroup
	var mu sync.Mutex
	for i, p := range programs {
		r := &result{program: p, runs: make(map[string][]*played)}
		results[i] = r
		for _, v := range c.chosen() {
			slots <- true
			wg.Go(func() {
				defer func() { <-slots }()
				runs := c.playOften(ctx, v, &r.program)
				mu.Lock()
				defer mu.Unlock()
				r.runs[v.name] = runs
			})
		}
		fmt.Fprintf(c.log, "%d of %d: %s\n", i+1, len(programs), p.name)
		if ctx.Err() != nil {
			break
		}
	}
	wg.Wait()
	return results, ctx.Err()
}

// playOften runs a program as often as it takes for its bug to strike often enough, but not more than options.runs
// times.
func (c *corpus) playOften(ctx context.Context, v *variant, p *program) []*played {
	var runs []*played
	for struck := 0; len(runs) < c.runs && struck < c.enough && ctx.Err() == nil; {
		run, err := c.play(ctx, v, p)
		if err != nil {
			run = &played{err: err}
		}
		runs = append(runs, run)
		if len(run.stuck) > 0 || len(p.leaks) == 0 {
			struck++
		}
	}
	return runs
}

// play runs a program once.
func (c *corpus) play(ctx context.Context, v *variant, p *program) (*played, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a, err := c.start(ctx, v, p)
	if err != nil {
		return nil, err
	}
	defer a.stop()
	if _, err := a.answer(); err != nil {
		return &played{crash: err.Error()}, nil
	}
	// What is stuck was so for all the time from the first dump to the last, which is longer than -after. While a
	// program is at work, a goroutine that is in the same place each time may have moved between.
	time.Sleep(c.settle - c.after)
	quiet(ctx, a.cmd.Process.Pid)
	first, err := a.ask(hold.Dump)
	if err != nil {
		return nil, err
	}
	time.Sleep(c.after + c.after/4)
	before, err := a.ask(hold.Dump)
	if err != nil {
		return nil, err
	}
	run := &played{stuck: map[int64]*goroutine{}}
	dir := c.dir(v, p.suite)
	text, err := a.ask(hold.Tell)
	switch {
	case err != nil:
	case v.told == nil:
		run.report, err = c.reportOn(ctx, a.cmd.Process.Pid)
	default:
		run.told = v.told(text, dir)
	}
	if err != nil {
		return nil, err
	}
	after, err := a.ask(hold.Dump)
	if err != nil {
		return nil, err
	}
	run.waiting = waits(parseDump(before, dir))
	run.still = still(run.waiting, parseDump(after, dir))
	for id, g := range still(parseDump(first, dir), run.still) {
		switch {
		case !p.isBug(g):
		case run.report != nil && run.report.hasMoved(id, c.after):
			run.moved++
		default:
			run.stuck[id] = g
		}
	}
	return run, nil
}

// reportOn returns awaittrace's report on a process.
func (c *corpus) reportOn(ctx context.Context, pid int) (*document, error) {
	cmd := exec.CommandContext(ctx, c.awaittrace(), "report", "-f", "json", "-after", c.after.String(), fmt.Sprint(pid))
	cmd.Env = c.environ()
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("awaittrace report: %w", err)
	}
	d := new(document)
	return d, json.Unmarshal(out, d)
}

// An actor is a running program and the way to ask it.
type actor struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	answers *os.File
	lines   *bufio.Reader
	stderr  strings.Builder
}

func (c *corpus) start(ctx context.Context, v *variant, p *program) (*actor, error) {
	ours, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirs.Close()
	a := &actor{answers: ours, lines: bufio.NewReader(ours)}
	a.cmd = exec.CommandContext(ctx, c.exe(v, p.suite), p.name)
	a.cmd.Env = c.environ()
	if !p.lucky { // as the test of the leak profile does
		a.cmd.Env = c.environ("GOMAXPROCS=1")
	}
	a.cmd.ExtraFiles = []*os.File{theirs}
	a.cmd.Stderr = &a.stderr
	if a.in, err = a.cmd.StdinPipe(); err == nil {
		err = a.cmd.Start()
	}
	if err != nil {
		ours.Close()
		return nil, err
	}
	return a, nil
}

// stop ends the program.
func (a *actor) stop() {
	a.in.Close()
	a.cmd.Process.Kill()
	a.cmd.Wait()
	a.answers.Close()
}

// ask asks the program a question.
func (a *actor) ask(question string) (string, error) {
	if _, err := fmt.Fprintln(a.in, question); err != nil {
		return "", err
	}
	return a.answer()
}

// answer reads an answer.
func (a *actor) answer() (string, error) {
	var b strings.Builder
	for {
		line, err := a.lines.ReadString('\n')
		if err != nil {
			return "", fmt.Errorf("the program has ended: %w: %.300s", err, a.stderr.String())
		}
		if strings.TrimSpace(line) == hold.End {
			return b.String(), nil
		}
		b.WriteString(line)
	}
}
