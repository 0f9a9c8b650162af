//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

// Churn has so many programs at once, and each lives for longer than serve takes between two looks.
const (
	atOnce = 24
	life   = 1500 * time.Millisecond
)

// churn begins programs, of which one third ends, one is killed and one replaces itself by exec before, and tells what
// serve has left of them.
func churn(s *script.Script) error {
	dir := s.Work
	at, records, err := prepare(s, "pool")
	if err != nil {
		return err
	}
	pool := s.Path("pool")
	ours := address()
	serve := command(dir, at, "serve", "-listen", ours, "-every", "1s")
	serve.Env = append(os.Environ(), "AWAITTRACE_DIR="+records)
	if err := serve.Start(); err != nil {
		return err
	}
	defer func() {
		serve.Process.Kill()
		serve.Wait()
	}()
	tell := func(n int) error {
		text, err := get("http://" + ours + "/metrics")
		if err != nil {
			return err
		}
		u, err := cost(serve)
		if err != nil {
			return err
		}
		kept, err := os.ReadDir(records)
		if err != nil {
			return err
		}
		fmt.Printf("%6d programs: %d series of programs, %d files open, %d MB, at most %d, %.1f s of processor; %d "+
			"records\n", n,
			strings.Count(text, `program="`), u.files, u.now, u.peak, u.cpu.Seconds(), len(kept))
		return nil
	}
	if err := until(time.Minute, "an answer", func() bool { return tell(0) == nil }); err != nil {
		return err
	}
	part := max(*programs/10, 1)
	for done := 0; done < *programs; {
		n := min(part, *programs-done)
		next, errs := make(chan int), make(chan error, n)
		for range atOnce {
			go func() {
				for i := range next {
					errs <- lifetime(dir, pool, records, i)
				}
			}()
		}
		for range n {
			next <- done
			done++
		}
		close(next)
		for range n {
			if err := <-errs; err != nil {
				return err
			}
		}
		if err := tell(done); err != nil {
			return err
		}
	}
	time.Sleep(3 * time.Second)
	return tell(*programs)
}

// lifetime begins program n, and ends it when serve has had time to look at it: by a signal that it handles or by
// SIGKILL, unless it has replaced itself by exec before.
func lifetime(dir, pool, records string, n int) error {
	cmd := command(dir, pool, "10", "100")
	cmd.Env = append(os.Environ(), "AWAITTRACE_DIR="+records)
	cmd.Stdout = nil
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	ready := bufio.NewScanner(out)
	ready.Scan()
	time.Sleep(life)
	end := syscall.SIGTERM
	switch n % 3 {
	case 0:
		end = syscall.SIGKILL
	case 1:
		cmd.Process.Signal(syscall.SIGHUP)
		ready.Scan()
	}
	cmd.Process.Signal(end)
	cmd.Wait()
	return nil
}
