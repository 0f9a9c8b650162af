//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// nanoseconds prints a row for each operation: the least and the median of many short measurements. The least comes
// near to an idle machine; the median says what this machine made of both. A third program has its probes turned off by
// AWAITTRACE=off.
func (p *pair) nanoseconds(which *regexp.Regexp, rounds int, each time.Duration, w io.Writer) error {
	names, err := p.names()
	if err != nil {
		return err
	}
	var programs [3]*program
	for i, path := range []string{p.plain, p.probed, p.probed} {
		cmd := exec.Command(path)
		cmd.Env = p.env
		if i == 2 {
			cmd.Env = append(cmd.Env, "AWAITTRACE=off")
		}
		if programs[i], err = start(cmd); err != nil {
			return err
		}
		defer programs[i].stop()
	}
	fmt.Fprint(w, "| operation | plain: least, median | probed: least, median | least differs by | ratio | off: "+
		"differs by |\n|---|---|---|---|---|---|\n")
	for _, name := range names {
		if !which.MatchString(name) {
			continue
		}
		n, err := programs[1].count(name, each)
		if err != nil {
			return err
		}
		var took [3][]float64
		for r := range rounds {
			for i := range programs {
				i = (i + r) % len(programs)
				t, err := programs[i].ask(name, n)
				if err != nil {
					return err
				}
				took[i] = append(took[i], float64(t)/float64(n))
			}
		}
		for i := range took {
			slices.Sort(took[i])
		}
		plain, probed, off := took[0][0], took[1][0], took[2][0]
		fmt.Fprintf(w, "| %s | %.1f, %.1f | %.1f, %.1f | %+.1f | %.2f | %+.1f |\n", name, plain, took[0][rounds/2],
			probed, took[1][rounds/2], probed-plain, probed/plain, off-plain)
	}
	return nil
}

// A program answers lines with times.
type program struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func start(cmd *exec.Cmd) (*program, error) {
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &program{cmd, in, bufio.NewReader(out)}, cmd.Start()
}

func (p *program) stop() {
	p.in.Close()
	p.cmd.Wait()
}

// ask returns how long n operations take, in nanoseconds.
func (p *program) ask(name string, n int) (int64, error) {
	fmt.Fprintf(p.in, "%s\t%d\n", name, n)
	line, err := p.out.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return strconv.ParseInt(strings.TrimSpace(line), 10, 64)
}

// count returns how many operations take about so long.
func (p *program) count(name string, each time.Duration) (int, error) {
	n := 64
	for {
		t, err := p.ask(name, n)
		if err != nil {
			return 0, err
		}
		if t >= int64(each) {
			return n, nil
		}
		n = max(n+1, min(20*n, int(float64(n)*float64(each)/float64(max(t, 1))*1.05)))
	}
}
