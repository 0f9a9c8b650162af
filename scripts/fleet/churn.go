//go:build linux

package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// churn begins programs one after the other, of which one third ends, one is killed and one replaces itself by exec before, and tells what serve has left of them.
func churn(dir string) error {
	at, records, err := prepare(dir, "pool")
	if err != nil {
		return err
	}
	pool := filepath.Join(dir, "pool")
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
		fmt.Printf("%6d programs: %d series of programs, %d files open, %d MB, at most %d, %.1f s of processor; %d records\n", n,
			strings.Count(text, `program="`), u.files, u.now, u.peak, u.cpu.Seconds(), len(kept))
		return nil
	}
	if err := until(time.Minute, "an answer", func() bool { return tell(0) == nil }); err != nil {
		return err
	}
	for n := 1; n <= *programs; n++ {
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
		if n%max(*programs/10, 1) == 0 {
			if err := tell(n); err != nil {
				return err
			}
		}
	}
	time.Sleep(3 * time.Second)
	return tell(*programs)
}
