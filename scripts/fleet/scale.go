//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

// The programs of a measurement, and how often serve looks at them and is scraped.
const (
	smallPrograms, smallGoroutines = 200, 1_000
	largePrograms, largeGoroutines = 5, 100_000
	interval                       = 15 * time.Second
)

// settle is how long after the first looks the measurement begins: programs that have just begun to wait are looked at
// again.
const settle = time.Minute

// scale measures what one serve costs with many programs, some of them large, in which work goes on: its processor time
// and its memory.
func scale(s *script.Script) error {
	dir := s.Work
	at, records, err := prepare(s, "pool")
	if err != nil {
		return err
	}
	pool := s.Path("pool")
	env := append(os.Environ(), "AWAITTRACE_DIR="+records, "GOMAXPROCS=1")
	var pids []int
	begin := func(name string, goroutines, jobs int) error {
		exe := filepath.Join(dir, name)
		if err := os.Link(pool, exe); err != nil {
			return err
		}
		cmd := command(dir, exe, strconv.Itoa(goroutines), strconv.Itoa(jobs))
		cmd.Env, cmd.Stdout = env, nil
		if err := cmd.Start(); err != nil {
			return err
		}
		pids = append(pids, cmd.Process.Pid)
		return nil
	}
	defer func() {
		for _, pid := range pids {
			if p, err := os.FindProcess(pid); err == nil {
				p.Kill()
				p.Wait()
			}
		}
	}()
	for i := range smallPrograms {
		if err := begin(fmt.Sprintf("small%03d", i), smallGoroutines, *jobs); err != nil {
			return err
		}
	}
	for i := range largePrograms {
		if err := begin(fmt.Sprintf("large%d", i), largeGoroutines,
			*jobs*largeGoroutines/smallGoroutines/5); err != nil {
			return err
		}
	}
	ours := address()
	serve := command(dir, at, "serve", "-listen", ours, "-every", interval.String())
	serve.Env = append(os.Environ(), "AWAITTRACE_DIR="+records)
	if err := serve.Start(); err != nil {
		return err
	}
	defer func() {
		serve.Process.Kill()
		serve.Wait()
	}()
	want := fmt.Sprintf("%d goroutines", smallPrograms*smallGoroutines+largePrograms*largeGoroutines)
	if err := until(5*time.Minute, "all of "+want, func() bool {
		text, err := get("http://" + ours + "/metrics")
		return err == nil && strings.Count(text, "\nawaittrace_look_age_seconds{") >= smallPrograms+largePrograms
	}); err != nil {
		return err
	}
	fmt.Printf("%d programs of %d goroutines and %d of %d, %d and %d jobs a second\n", smallPrograms, smallGoroutines,
		largePrograms, largeGoroutines,
		*jobs, *jobs*largeGoroutines/smallGoroutines/5)
	first, err := cost(serve)
	if err != nil {
		return err
	}
	fmt.Printf("to begin with: %.1f s of processor, at most %d MB\n", first.cpu.Seconds(), first.peak)
	time.Sleep(settle)
	if first, err = cost(serve); err != nil {
		return err
	}
	began := time.Now()
	last := first
	for range *rounds {
		time.Sleep(interval)
		scraped := time.Now()
		text, err := get("http://" + ours + "/metrics")
		if err != nil {
			return err
		}
		took := time.Since(scraped)
		now, err := cost(serve)
		if err != nil {
			return err
		}
		fmt.Printf("%4.0f s: %4.0f ms of processor, %3d MB, at most %3d, %2d files; scrape %v, %d series, the oldest "+
			"look %s s ago\n", time.Since(began).Seconds(),
			float64((now.cpu - last.cpu).Milliseconds()), now.now, now.peak, now.files, took.Round(time.Millisecond),
			strings.Count(text, "\n")-2*strings.Count(text, "# HELP"),
			oldest(text))
		last = now
	}
	used, wall := last.cpu-first.cpu, time.Since(began)
	fmt.Printf("serve used %.2f %% of a core, and at most %d MB\n", 100*used.Seconds()/wall.Seconds(), last.peak)
	return nil
}

// oldest returns the greatest awaittrace_look_age_seconds.
func oldest(text string) string {
	greatest := 0.0
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "awaittrace_look_age_seconds{"); ok {
			_, value, _ := strings.Cut(rest, "} ")
			v, _ := strconv.ParseFloat(strings.TrimSpace(value), 64)
			greatest = max(greatest, v)
		}
	}
	return strconv.FormatFloat(greatest, 'f', 0, 64)
}

// A usage is what a process has used: processor time in user and kernel mode, megabytes of memory now and at most, and
// open files.
type usage struct {
	cpu              time.Duration
	now, peak, files int
}

func cost(cmd *exec.Cmd) (usage, error) {
	proc := fmt.Sprintf("/proc/%d/", cmd.Process.Pid)
	var u usage
	stat, err := os.ReadFile(proc + "stat")
	if err != nil {
		return u, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	f := strings.Fields(rest)
	for _, ticks := range f[11:13] { // utime, stime
		n, err := strconv.Atoi(ticks)
		if err != nil {
			return u, err
		}
		u.cpu += time.Duration(n) * 10 * time.Millisecond
	}
	status, err := os.ReadFile(proc + "status")
	if err != nil {
		return u, err
	}
	for line := range strings.Lines(string(status)) {
		for name, p := range map[string]*int{"VmRSS:": &u.now, "VmHWM:": &u.peak} {
			if rest, ok := strings.CutPrefix(line, name); ok {
				kb, err := strconv.Atoi(strings.Fields(rest)[0])
				if err != nil {
					return u, err
				}
				*p = kb >> 10
			}
		}
	}
	files, err := os.ReadDir(proc + "fd")
	u.files = len(files)
	return u, err
}
