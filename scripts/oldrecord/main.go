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

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

func main() {
	exe := flag.String("awaittrace", "", "the `executable` that builds the program")
	script.Main("oldrecord", func(s *script.Script, args []string) error {
		if len(args) != 1 {
			return script.Usagef("want one FILE")
		}
		return keep(s, *exe, args[0])
	})
}

// keep builds the program by the awaittrace exe, runs it, and writes its record to file.
func keep(s *script.Script, exe, file string) (err error) {
	if exe == "" {
		if exe, err = s.Awaittrace(); err != nil {
			return err
		}
	}
	program, records := s.Path("stuckways"), s.Path("records")
	if err := s.Run("", exe, "build", "-trimpath", "-o", program, "./testdata/stuckways"); err != nil {
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
