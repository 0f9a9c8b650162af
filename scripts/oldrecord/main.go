// Oldrecord keeps a record of this version of awaittrace, for the tests of a later version, which must read it:
//
//	go run ./scripts/oldrecord [-awaittrace EXE] FILE
//
// It builds testdata/stuckways with probes, starts it, kills it once all of it is stuck, and writes its record, packed
// by gzip, to FILE. EXE is the awaittrace that builds the program; without it, that of this tree.
package main

import (
	"bufio"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stderr))
}

func run(args []string, stderr io.Writer) int {
	flags := flag.NewFlagSet("oldrecord", flag.ContinueOnError)
	flags.SetOutput(stderr)
	exe := flags.String("awaittrace", "", "the `executable` that builds the program")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() != 1 {
		fmt.Fprintln(stderr, "usage: oldrecord [-awaittrace EXE] FILE")
		return 2
	}
	if err := keep(*exe, flags.Arg(0)); err != nil {
		fmt.Fprintln(stderr, "oldrecord:", err)
		return 1
	}
	return 0
}

// keep builds the program by the awaittrace exe, runs it, and writes its record to file.
func keep(exe, file string) error {
	work, err := os.MkdirTemp("", "awaittrace-oldrecord-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if exe == "" {
		exe = filepath.Join(work, "awaittrace")
		if err := command("go", "build", "-o", exe, "./cmd/awaittrace"); err != nil {
			return err
		}
	}
	program, records := filepath.Join(work, "stuckways"), filepath.Join(work, "records")
	if err := command(exe, "build", "-trimpath", "-o", program, "./testdata/stuckways"); err != nil {
		return err
	}
	if err := os.Mkdir(records, 0o700); err != nil {
		return err
	}
	if err := killStuck(program, records); err != nil {
		return err
	}
	list, err := filepath.Glob(filepath.Join(records, "[0-9]*"))
	if err != nil || len(list) != 1 {
		return fmt.Errorf("%d records in %s, want one", len(list), records)
	}
	return pack(list[0], file)
}

func command(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// killStuck runs the program until it is stuck, with its record in the folder records.
func killStuck(program, records string) error {
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), "AWAITTRACE_DIR="+records, "AWAITTRACE_LOCK_ORDER=on", "AWAITTRACE_GOROUTINES=128")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer cmd.Wait() // its error is that it was killed
	defer cmd.Process.Kill()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "ready" {
			return nil
		}
	}
	return errors.New("the program ended before it was stuck")
}

// pack writes the content of a record to file, packed by gzip.
func pack(record, file string) error {
	in, err := os.Open(record)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	z, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	_, err = io.Copy(z, in)
	return errors.Join(err, z.Close(), out.Close())
}
