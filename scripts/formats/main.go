// Formats writes the report of two programs in every format, and opens each with a tool that is not ours:
// testdata/hang, and one whose strings mean something in every format. It prints what each tool saw.
//
//	go run -C scripts/formats .
//
// Perfetto itself and the service of GitHub that reads annotations are not among them: they cannot be had as packages.
//
// It takes graphviz, chromium, libxml2-utils and npm; SARIF's validator comes from npm. What it does not find it names,
// and goes on. The exit status is 1 if a tool complains, or sees something else than the report has.
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	after  = "1s"            // a wait is stuck after it
	settle = 2 * time.Second // until the programs are stuck
)

// errMissing is why a format is not opened.
var errMissing = errors.New("not here")

//go:embed hostile/main.go
var hostile []byte

// A program is one that is reported on.
type program struct {
	name string
	dir  string // in which it is built
	pkg  string
	exe  string // its name
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "formats:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	work, err := os.MkdirTemp("", "awaittrace-formats.")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	at := filepath.Join(work, "awaittrace")
	if err := command(ctx, root, "go", "build", "-o", at, "./cmd/awaittrace"); err != nil {
		return err
	}
	nasty := filepath.Join(work, `h <&>"'%41#]]> é`)
	if err := copyHostile(nasty); err != nil {
		return err
	}
	fmt.Println("| program | format | opened by | it saw |")
	fmt.Println("|---|---|---|---|")
	failed := 0
	for _, p := range []program{
		{"testdata/hang", root, "./testdata/hang", "hang"},
		{"hostile strings", nasty, ".", `h<&>"' %41#.exe`},
	} {
		n, err := open(ctx, work, at, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		failed += n
	}
	if failed > 0 {
		return fmt.Errorf("%d formats are not as their tools want them", failed)
	}
	return nil
}

// copyHostile makes a module of package hostile.
func copyHostile(dir string) error {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/hostile\n\ngo 1.26\n"), 0o666),
		os.WriteFile(filepath.Join(dir, "main.go"), hostile, 0o666),
	)
}

// open runs p until it is stuck, and opens its report in every format. It returns how many were not as they should be.
func open(ctx context.Context, work, at string, p program) (failed int, err error) {
	exe := filepath.Join(work, p.exe)
	if err := command(ctx, p.dir, at, "build", "-o", exe, p.pkg); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, exe)
	cmd.Dir = work
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	defer func() {
		cmd.Process.Kill()
		cmd.Wait()
	}()
	time.Sleep(settle)
	// From now on all reports are of the same moment.
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return 0, err
	}
	report := func(format string) (string, error) {
		file := filepath.Join(work, "report."+format)
		return file, command(ctx, p.dir, at, "report", "-after", after, "-f", format, "-o", file,
			strconv.Itoa(cmd.Process.Pid))
	}
	file, err := report("json")
	if err != nil {
		return 0, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	doc := new(document)
	if err := json.Unmarshal(text, doc); err != nil {
		return 0, err
	}
	if len(doc.Findings) == 0 {
		return 0, errors.New("nothing is stuck")
	}
	for _, o := range openers {
		file, err := report(o.format)
		if err != nil {
			return 0, err
		}
		saw, err := o.open(ctx, work, file, doc)
		switch {
		case errors.Is(err, errMissing):
			saw = err.Error()
		case err != nil:
			failed++
			saw = "**" + err.Error() + "**"
		}
		fmt.Printf("| %s | %s | %s | %s |\n", p.name, o.format, o.tool,
			strings.NewReplacer("|", `\|`, "\n", "; ").Replace(strings.TrimSpace(saw)))
	}
	return failed, nil
}

// command runs a command, whose output is its error if it fails.
func command(ctx context.Context, dir string, name string, args ...string) error {
	_, err := output(ctx, dir, name, args...)
	return err
}

// output returns what a command prints.
func output(ctx context.Context, dir string, name string, args ...string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s is %w", name, errMissing)
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", filepath.Base(name), err, out, stderr.String())
	}
	return string(out), nil
}
