//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/gobench"
)

// counts are numbers of goroutines.
type counts struct {
	blocked  int // by the runtime's dump
	told     int // of these, in a finding that is certain or likely
	possible int // in one that is possible
	silent   int // in none
}

func (c *counts) add(o counts) {
	c.blocked += o.blocked
	c.told += o.told
	c.possible += o.possible
	c.silent += o.silent
}

func (c counts) String() string {
	return fmt.Sprintf("%d goroutines blocked, %d told, %d possible only, %d not told", c.blocked, c.told, c.possible,
		c.silent)
}

// A result is what came of a kernel.
type result struct {
	counts
	tries    int
	deadlock bool
	text     string // the text report, and what the dump says of those not told
}

func (r *result) String() string {
	if r.blocked == 0 {
		return fmt.Sprintf("did not strike in %d runs", r.tries)
	}
	s := fmt.Sprintf("run %d, %s", r.tries, r.counts)
	if r.deadlock {
		s += ", deadlock"
	}
	return s
}

// play runs a kernel until its bug strikes.
func (c *corpus) play(ctx context.Context, k *gobench.Kernel) (*result, error) {
	for try := 1; try <= c.tries; try++ {
		r, err := c.once(ctx, k, try)
		if err != nil || r != nil {
			return r, err
		}
	}
	return &result{tries: c.tries}, nil
}

// once runs a kernel once. The result is nil if all of it ended.
func (c *corpus) once(ctx context.Context, k *gobench.Kernel, try int) (*result, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp(filepath.Dir(c.exe), "record-")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, c.exe, k.Name)
	cmd.Env = append(os.Environ(), "AWAITTRACE_DIR="+filepath.Join(dir, "record"), "GOTRACEBACK=all")
	if try%2 == 0 {
		cmd.Env = append(cmd.Env, "GOMAXPROCS=1")
	}
	var dump bytes.Buffer
	cmd.Stderr = &dump
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line := ""
	for lines := bufio.NewScanner(out); line != "left" && line != "ended" && lines.Scan(); {
		line = lines.Text()
	}
	if line != "left" {
		cmd.Wait()
		return nil, nil
	}
	time.Sleep(2*c.after + c.after/2)
	ask := func(format string) ([]byte, error) {
		report := exec.CommandContext(ctx, c.awaittrace, "report", "-f", format, "-after", c.after.String(),
			strconv.Itoa(cmd.Process.Pid))
		report.Env = cmd.Env
		return report.Output()
	}
	doc, err := ask("json")
	var text []byte
	if err == nil {
		text, err = ask("text")
	}
	cmd.Process.Signal(syscall.SIGQUIT)
	cmd.Wait()
	if err != nil {
		return nil, fmt.Errorf("awaittrace report: %w", err)
	}
	return compare(k, try, doc, string(text), dump.String())
}

// compare compares a report with a goroutine dump.
func compare(k *gobench.Kernel, try int, doc []byte, text, dump string) (*result, error) {
	var d struct {
		Findings []struct {
			Kind, Certainty string
			Goroutines      []int64
		}
	}
	if err := json.Unmarshal(doc, &d); err != nil {
		return nil, err
	}
	r := &result{tries: try, text: text}
	for _, g := range gobench.Blocked(dump, k.Name) {
		r.blocked++
		how := ""
		for _, f := range d.Findings {
			if slices.Contains(f.Goroutines, g.ID) && (how == "" || how == "possible") {
				how = f.Certainty
				r.deadlock = r.deadlock || f.Kind == "deadlock"
			}
		}
		switch how {
		case "":
			r.silent++
			r.text += fmt.Sprintf("NOT TOLD: goroutine %d [%s] %s\n", g.ID, g.State, strings.Join(g.Places, " "))
		case "possible":
			r.possible++
			r.text += fmt.Sprintf("POSSIBLE ONLY: goroutine %d [%s] %s\n", g.ID, g.State, strings.Join(g.Places, " "))
		default:
			r.told++
		}
	}
	return r, nil
}
