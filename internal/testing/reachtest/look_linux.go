//go:build amd64 || arm64

package reachtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
)

// A Look is what was found in a program.
type Look struct {
	*reach.Result
	Plan *reach.Plan // to be closed
	// Estimate is how long the program was expected to stand still, Paused how long it did, and Took how long it all
	// took, without opening the executable.
	Estimate, Paused, Took time.Duration
	Copied                 uint64
	Steps                  []reach.Step
}

// LookAt stops a process, and marks.
func LookAt(pid int, prog *reach.Program) (l *Look, err error) {
	p, err := procfs.OpenProcess(pid)
	if err != nil {
		return nil, err
	}
	if prog == nil {
		if prog, err = reach.OpenProgram(p.Exe()); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	l = new(Look)
	if l.Plan, err = reach.Prepare(p, prog); err != nil {
		return nil, err
	}
	l.Estimate, _ = l.Plan.Estimate()
	l.Plan.Allocate()
	var c *reach.Capture
	l.Paused, err = p.Stop(func() error {
		c, err = l.Plan.Capture(0)
		return err
	})
	if err == nil {
		l.Copied, l.Steps = c.Copied, c.Steps
		l.Result, err = c.Mark()
	}
	if err != nil {
		l.Plan.Close()
		return nil, err
	}
	l.Took = time.Since(start)
	return l, nil
}

// Open looks at a program that stands still: a core.
func Open(src reach.Source, prog *reach.Program) (l *Look, err error) {
	l = new(Look)
	if l.Plan, err = reach.Prepare(src, prog); err != nil {
		return nil, err
	}
	c, err := l.Plan.Capture(0)
	if err == nil {
		l.Result, err = c.Mark()
	}
	if err != nil {
		l.Plan.Close()
		return nil, err
	}
	return l, nil
}

// A Running is a program that has said that it is ready.
type Running struct {
	Cmd *exec.Cmd
	// Output is what it has written before that.
	Output string
	errs   bytes.Buffer
	rest   chan string
}

// patience is how long a program has to become ready, on a machine that may be very busy.
const patience = 3 * time.Minute

// Start starts a program, and waits until it has written a line "ready".
func Start(cmd *exec.Cmd) (*Running, error) {
	r := &Running{Cmd: cmd}
	cmd.Stderr = &r.errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	late := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer late.Stop()
	var text strings.Builder
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if line == "ready\n" {
			break
		}
		text.WriteString(line)
		if err != nil {
			r.Close()
			return nil, fmt.Errorf("%s ended before it was ready, and wrote %q", cmd.Path, text.String())
		}
	}
	r.Output = text.String()
	r.rest = make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(lines)
		r.rest <- string(text)
	}()
	return r, nil
}

// Rest returns what the program has written since it was ready, until it has ended, which it is helped with after a
// while.
func (r *Running) Rest() string {
	late := time.AfterFunc(patience/2, func() { r.Cmd.Process.Kill() })
	defer late.Stop()
	return <-r.rest
}

// Pid returns its process.
func (r *Running) Pid() int { return r.Cmd.Process.Pid }

// Quit ends the program, and returns what it then writes of some of its goroutines.
func (r *Running) Quit(ids []int64) string {
	r.Cmd.Process.Signal(syscall.SIGQUIT)
	r.Cmd.Wait()
	var found []string
	for _, text := range strings.Split(r.errs.String(), "\n\n") {
		for _, id := range ids {
			if strings.HasPrefix(text, fmt.Sprintf("goroutine %d ", id)) {
				found = append(found, text)
			}
		}
	}
	return strings.Join(found, "\n\n")
}

// Close kills it.
func (r *Running) Close() {
	r.Cmd.Process.Kill()
	r.Cmd.Wait()
}
