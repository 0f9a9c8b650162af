// Delvedap runs Delve's own tests of its debug adapter twice: directly, and with the proxy of awaittrace dap between
// every client and the server. It compares what passes.
//
//	go run ./scripts/delvedap [-run REGEXP] [-probes]
//
// The tests are those of the version of Delve in go.mod, from the module cache; in a copy of it the test client is
// changed, to connect through a relay. Programs are built as the tests say, without probes. With -probes there is a
// third run, through the proxy, in which the programs that the tests have built for them have probes (those that the
// server builds at a launch have none: tests count its messages). Exit status 1: a test passes directly and not through
// the proxy; or with probes it fails, and differences does not say why it must.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/dap"
	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/testing/script"
)

const (
	// relayEnv names, for the tests, the program that relays; it is this one with the argument relay.
	relayEnv = "AWAITTRACE_TEST_RELAY"
	// builderEnv names the program that builds, in the place of go.
	builderEnv = "AWAITTRACE_TEST_BUILDER"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "relay" {
		if err := relay(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, "delvedap:", err)
			os.Exit(1)
		}
		return
	}
	pattern := flag.String("run", ".", "which tests, as go test takes it")
	timeout := flag.Duration("timeout", 20*time.Minute, "for each of the two runs")
	probes := flag.Bool("probes", false, "also run them with probes in the programs")
	script.Main("delvedap", func(s *script.Script, _ []string) error {
		return compare(s, *pattern, *timeout, *probes)
	})
}

// relay is one session of the server at addr. It prints where the client is to connect.
func relay(addr string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	client, err := listener.Accept()
	if err != nil {
		return err
	}
	server, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	dap.Serve(client, server, dap.Options{
		Diagnosis: diagnose.Options{After: diagnose.DefaultAfter},
		DelvePid:  os.Getppid(),
		Crashed:   func() bool { return false },
	})
	return nil
}

// A change is one to a file of Delve's tests.
type change struct{ file, old, new string }

// changes are those that let us in.
var changes = []change{
	{"service/dap/daptest/client.go", "import (\n", "import (\n\t\"os\"\n\t\"os/exec\"\n"},
	{"service/dap/daptest/client.go", "func NewClient(addr string) *Client {\n", `func NewClient(addr string) *Client {
	if relay := os.Getenv("` + relayEnv + `"); relay != "" {
		cmd := exec.Command(relay, "relay", addr)
		out, err := cmd.StdoutPipe()
		if err != nil {
			log.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			log.Fatal(err)
		}
		if _, err := fmt.Fscan(out, &addr); err != nil {
			log.Fatal(err)
		}
		go cmd.Wait()
	}
`},
	{"pkg/proc/test/support.go", "\tcmd := exec.Command(\"go\", buildFlags...)\n", `	builder := "go"
	if us := os.Getenv("` + builderEnv + `"); us != "" {
		builder = us
	}
	cmd := exec.Command(builder, buildFlags...)
`},
}

// compare runs the tests both ways, and with probes if that is wanted.
func compare(s *script.Script, pattern string, timeout time.Duration, probes bool) error {
	delve := s.Path("delve")
	if err := unpack(s, delve); err != nil {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	direct, err := run(delve, pattern, timeout)
	if err != nil {
		return err
	}
	fmt.Println("directly:", direct)
	through, err := direct.again(delve, pattern, timeout, relayEnv+"="+exe)
	if err != nil {
		return err
	}
	fmt.Println("through the proxy:", through)
	if lost := direct.lost(through); len(lost) > 0 {
		return fmt.Errorf("these pass directly and not through the proxy:\n\t%s", strings.Join(lost, "\n\t"))
	}
	if !probes {
		return nil
	}
	us, err := s.Awaittrace()
	if err != nil {
		return err
	}
	records := s.Path("records")
	if err := os.Mkdir(records, 0o700); err != nil {
		return err
	}
	probed, err := through.again(delve, pattern, timeout, relayEnv+"="+exe, builderEnv+"="+us,
		"AWAITTRACE_DIR="+records)
	if err != nil {
		return err
	}
	fmt.Println("with probes:", probed)
	return explain(through.lost(probed))
}

// explain tells which tests fail with probes, and why; it is an error if that is not known.
func explain(lost []string) error {
	var unexplained []string
	known := differences()
	for _, name := range lost {
		top, _, _ := strings.Cut(name, "/")
		if why, ok := known[top]; ok {
			fmt.Printf("\t%s: %s\n", name, why)
		} else {
			unexplained = append(unexplained, name)
		}
	}
	if len(unexplained) > 0 {
		return fmt.Errorf("these pass only without probes:\n\t%s", strings.Join(unexplained, "\n\t"))
	}
	return nil
}

// unpack copies Delve into dir and changes it.
func unpack(s *script.Script, dir string) error {
	out, err := s.Output("", "go", "list", "-m", "-f", "{{.Dir}}", "github.com/go-delve/delve")
	if err != nil {
		return err
	}
	if err := os.CopyFS(dir, os.DirFS(strings.TrimSpace(out))); err != nil {
		return err
	}
	for _, c := range changes {
		file := filepath.Join(dir, filepath.FromSlash(c.file))
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if strings.Count(string(text), c.old) != 1 {
			return fmt.Errorf("%s is another than expected: there is not one %q", file, c.old)
		}
		text = []byte(strings.Replace(string(text), c.old, c.new, 1))
		if err := errors.Join(os.Chmod(file, 0o644), os.WriteFile(file, text, 0o644)); err != nil {
			return err
		}
	}
	return nil
}

// results are pass, fail or skip of tests, subtests included.
type results map[string]string

func (r results) String() string {
	n := make(map[string]int)
	for _, result := range r {
		n[result]++
	}
	return fmt.Sprintf("%d pass, %d fail, %d skipped", n["pass"], n["fail"], n["skip"])
}

// lost returns the tests that pass in r and not in other.
func (r results) lost(other results) (names []string) {
	for name, result := range r {
		if result == "pass" && other[name] != "pass" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// attempts is how often a test is run that fails: Delve's tests have limits of time, which a busy machine may not keep.
const attempts = 3

// again runs the tests once more, another way, and those that are lost thereby again.
func (r results) again(dir, pattern string, timeout time.Duration, env ...string) (results, error) {
	other := make(results)
	for n := 0; ; n++ {
		more, err := run(dir, pattern, timeout, env...)
		if err != nil {
			return nil, err
		}
		maps.Copy(other, more)
		lost := r.lost(other)
		if len(lost) == 0 || n+1 == attempts {
			return other, nil
		}
		for i := range lost {
			lost[i], _, _ = strings.Cut(lost[i], "/")
		}
		pattern = "^(" + strings.Join(slices.Compact(lost), "|") + ")$"
	}
}

// run runs the tests in dir, with more variables.
func run(dir, pattern string, timeout time.Duration, env ...string) (results, error) {
	cmd := exec.Command("go", "test", "-json", "-count=1", "-timeout="+timeout.String(), "-run="+pattern,
		"./service/dap")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(env, "GOFLAGS=-mod=mod")...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	r := make(results)
	log := make(map[string]string)
	lines := bufio.NewScanner(out)
	for lines.Buffer(nil, 16<<20); lines.Scan(); {
		var e struct{ Action, Test, Output string }
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		switch e.Action {
		case "output":
			log[e.Test] += e.Output
		case "pass", "fail", "skip":
			if e.Test != "" {
				r[e.Test] = e.Action
			}
			if e.Action == "fail" {
				_, _ = io.WriteString(os.Stderr, log[e.Test])
			}
		}
	}
	_ = cmd.Wait() // that tests fail is a result
	if len(r) == 0 {
		return nil, fmt.Errorf("no test has run:\n%s", log[""])
	}
	return r, lines.Err()
}
