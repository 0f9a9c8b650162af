// Gotests builds the programs of Go's own test directory ($(go env GOROOT)/test) that use what a probe is put around,
// without probes and with them, runs both, and prints those that differ in what they print or in their exit status.
//
//	go run ./scripts/gotests [-dir DIR] [-deps PATTERN] [-probe LIST] [PATTERN]
//
// PATTERN is a regular expression of file names below the directory, such as ^chan/. The exit status is 1 if a program
// differs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

var (
	dir   = flag.String("dir", "", "Go's test `directory` (default: that of the go command)")
	deps  = flag.String("deps", "all", "-deps of awaittrace build")
	probe = flag.String("probe", "chan,lock,io,sync,sleep", "-probe of awaittrace build")
)

var (
	runs = regexp.MustCompile(`(?m)^// run *$`)
	uses = regexp.MustCompile(`<-|make\(chan|sync\.|select \{|bufio|os\.(Read|Write|Open)|time\.Sleep`)
)

// limit is how long a program may run.
const limit = 2 * time.Minute

func main() { script.Main("gotests", compare) }

func compare(s *script.Script, args []string) error {
	pattern, err := regexp.Compile(strings.Join(args, " "))
	if err != nil {
		return script.Usagef("%w", err)
	}
	s = s.With("GOFLAGS=", "GOWORK=off", "GO111MODULE=", "AWAITTRACE=", "AWAITTRACE_DIR="+s.Path("records"))
	if err := os.Mkdir(s.Path("records"), 0o700); err != nil {
		return err
	}
	at, err := s.Awaittrace()
	if err != nil {
		return err
	}
	if *dir == "" {
		root, err := s.Output("", "go", "env", "GOROOT")
		if err != nil {
			return err
		}
		*dir = filepath.Join(strings.TrimSpace(root), "test")
	}
	names, err := programs(*dir, pattern)
	if err != nil {
		return err
	}
	same, skipped := 0, 0
	for _, name := range names {
		if s.Run(*dir, "go", "build", "-o", s.Path("plain"), name) != nil { // another system's, or it needs flags
			skipped++
			continue
		}
		err := s.Run(*dir, at, "build", "-deps", *deps, "-probe", *probe, "-o", s.Path("probed"), name)
		switch {
		case s.Err() != nil:
			return s.Err()
		case err != nil:
			fmt.Printf("%s: %v\n", name, err)
			continue
		}
		plain, probed := result(s, "plain"), result(s, "probed")
		if plain != probed && plain == result(s, "plain") { // else it prints something new each time
			fmt.Printf("%s: without probes:\n%s\nwith probes:\n%s\n", name, plain, probed)
			continue
		}
		same++
	}
	fmt.Printf("%d programs, %d the same with probes, %d not built\n", len(names), same, skipped)
	if same+skipped < len(names) || same == 0 {
		return script.ErrFailed
	}
	return nil
}

// programs returns the files below dir that are programs to run, and that use what a probe is put around.
func programs(dir string, pattern *regexp.Regexp) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || filepath.Ext(file) != ".go" {
			return err
		}
		name, err := filepath.Rel(dir, file)
		if err != nil || !pattern.MatchString(filepath.ToSlash(name)) {
			return err
		}
		text, err := os.ReadFile(file)
		if err == nil && runs.Match(text) && uses.Match(text) {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

// result runs a program, and returns what it printed and how it ended.
func result(s *script.Script, name string) string {
	ctx, cancel := context.WithTimeout(s, limit)
	defer cancel()
	limited := *s
	limited.Context = ctx
	cmd := limited.Command(s.Work, s.Path(name))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err.Error()
	}
	return fmt.Sprintf("%s%v", out, cmd.ProcessState)
}
