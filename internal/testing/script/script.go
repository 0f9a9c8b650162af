// Package script has what the programs in scripts/ and bench/ share: how they begin and end, and how they run commands.
package script

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
)

// A Script is one run of a script.
type Script struct {
	context.Context          // an interrupt ends it
	Work            string   // a temporary folder
	Keep            bool     // do not remove Work at the end
	Env             []string // of commands, besides that of this process
}

// ErrFailed ends a script with status 1 and without a message: its output says what failed.
var ErrFailed = errors.New("failed")

// A UsageError ends a script with status 2.
type UsageError struct{ error }

// Usagef returns a UsageError.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// Main parses the flags of the script name, calls run with the other arguments, and ends the process.
func Main(name string, run func(s *Script, args []string) error) {
	flag.Parse()
	err := with(name, func(s *Script) error { return run(s, flag.Args()) })
	if err != nil && !errors.Is(err, ErrFailed) {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	}
	var usage UsageError
	switch {
	case errors.As(err, &usage):
		os.Exit(2)
	case err != nil:
		os.Exit(1)
	}
	os.Exit(0)
}

// with calls run with a Script, and removes its folder.
func with(name string, run func(*Script) error) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	work, err := os.MkdirTemp("", "awaittrace-"+name+"-")
	if err != nil {
		return err
	}
	s := &Script{Context: ctx, Work: work}
	err = run(s)
	if s.Keep {
		return err
	}
	filepath.WalkDir(work, func(name string, e fs.DirEntry, err error) error { // modules have read-only folders
		if err == nil && e.IsDir() {
			return os.Chmod(name, 0o700)
		}
		return nil
	})
	return errors.Join(err, os.RemoveAll(work))
}

// Path returns the name of a file in Work.
func (s *Script) Path(name string) string { return filepath.Join(s.Work, filepath.FromSlash(name)) }

// With returns s with more variables in Env.
func (s *Script) With(env ...string) *Script {
	more := *s
	more.Env = append(s.Env[:len(s.Env):len(s.Env)], env...)
	return &more
}

// Command returns a command in the folder dir, or the current one if dir is empty.
func (s *Script) Command(dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(s, args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), s.Env...)
	return cmd
}

// Run runs a command. An error has what the command wrote.
func (s *Script) Run(dir string, args ...string) error {
	if out, err := s.Command(dir, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// Output runs a command, and returns its standard output. An error has what it wrote.
func (s *Script) Output(dir string, args ...string) (string, error) {
	var stderr strings.Builder
	cmd := s.Command(dir, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s%s", strings.Join(args, " "), err, out, stderr.String())
	}
	return string(out), err
}

// Awaittrace builds the command from the module in the current folder, and returns its file.
func (s *Script) Awaittrace() (string, error) {
	file := s.Path("awaittrace")
	return file, s.Run("", "go", "build", "-o", file, "github.com/awaittrace/awaittrace/cmd/awaittrace")
}

// GoCache returns a setting of the go command's cache. Without it the cache would follow XDG_CACHE_HOME.
func (s *Script) GoCache() (string, error) {
	dir, err := s.Output("", "go", "env", "GOCACHE")
	return "GOCACHE=" + strings.TrimSpace(dir), err
}

// Write writes files, by their names below dir, and makes the folders that they need.
func Write(dir string, files map[string]string) error {
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}
