//go:build unix

package reportcase

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
)

// A Player runs programs and asks awaittrace for its reports on them.
type Player struct {
	Awaittrace string        // the command
	Dir        string        // an empty folder of the player's own
	After      time.Duration // of the report
	Text       bool          // take the text report of every run, whether or not it is checked
}

// A Program is a program that runs.
type Program struct {
	pl     *Player
	run    *Run
	cmd    *exec.Cmd
	env    []string
	out    bytes.Buffer
	exited chan struct{}
	since  time.Time
}

// Start starts the program of a run.
func (pl *Player) Start(r *Run, exe string, args ...string) (*Program, error) {
	dir, err := os.MkdirTemp(pl.Dir, "run-")
	if err != nil {
		return nil, err
	}
	p := &Program{pl: pl, run: r, since: time.Now(), exited: make(chan struct{})}
	p.env = append(os.Environ(), "AWAITTRACE_DIR="+dir+"/record", "TMPDIR="+dir)
	p.cmd = exec.Command(exe, append(args, r.Args...)...)
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.env, &p.out, &p.out
	inSession(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if r.Busy {
		prefer(p.cmd.Process.Pid)
	}
	go func() {
		defer close(p.exited)
		p.cmd.Wait()
	}()
	return p, nil
}

// Settle waits until the program has run for as long as its run says.
func (p *Program) Settle(ctx context.Context) error {
	select {
	case <-time.After(time.Until(p.since.Add(p.run.Wait))):
		return nil
	case <-p.exited:
		return fmt.Errorf("the program has ended: %v\n%s", p.cmd.ProcessState, p.out.Bytes())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Report returns awaittrace's report on the program.
func (p *Program) Report(ctx context.Context) (*Report, error) {
	text, err := p.ask(ctx, "json")
	if err != nil {
		return nil, err
	}
	r := &Report{JSON: text}
	if p.pl.Text || len(p.run.Text)+len(p.run.Never) > 0 {
		if text, err = p.ask(ctx, "text"); err != nil {
			return nil, err
		}
		r.Text = string(text)
	}
	return r, nil
}

// ask returns awaittrace's report in a format. The heap is read whatever time that takes, so that a busy machine proves
// no less.
func (p *Program) ask(ctx context.Context, format string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, p.pl.Awaittrace, "report", "-prove", "always", "-f", format, "-after",
		p.pl.After.String(), strconv.Itoa(p.cmd.Process.Pid))
	cmd.Env = p.env
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("awaittrace report: %w\n%s", err, errs.Bytes())
	}
	return out, nil
}

// End sends the program a signal that ends it, and returns all that it has written.
func (p *Program) End(sig syscall.Signal) string {
	p.cmd.Process.Signal(sig)
	select {
	case <-p.exited:
	case <-time.After(time.Minute):
		p.Stop()
	}
	return p.out.String()
}

// Stop kills the program and whatever it started.
func (p *Program) Stop() {
	syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.exited
}

// inSession gives the command a session of its own, and does not wait for ever for what it leaves behind.
func inSession(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.WaitDelay = time.Second
}

// prefer gives a program that has a session of its own its processor, if the system permits it: on a busy machine, a
// loop may be too slow to be told from one that works.
func prefer(pid int) {
	syscall.Setpriority(syscall.PRIO_PGRP, pid, -10)
	os.WriteFile(fmt.Sprintf("/proc/%d/autogroup", pid), []byte("-10"), 0) // Linux shares processors among sessions
}
