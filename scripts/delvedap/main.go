// Delvedap runs Delve's own tests of its debug adapter twice: directly, and with the proxy of awaittrace dap between every client and the
// server. It compares what passes.
//
//	go run ./scripts/delvedap [-run REGEXP]
//
// The tests are those of the version of Delve in go.mod, from the module cache; in a copy of it the test client is changed, to connect through
// a relay. Programs are built as the tests say, without probes.
// Exit status 1: a test passes directly and not through the proxy.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/dap"
	"github.com/awaittrace/awaittrace/internal/diagnose"
)

// relayEnv names, for the tests, the program that relays; it is this one with the argument relay.
const relayEnv = "AWAITTRACE_TEST_RELAY"

func main() {
	if len(os.Args) == 3 && os.Args[1] == "relay" {
		exit(relay(os.Args[2]))
	}
	pattern := flag.String("run", ".", "which tests, as go test takes it")
	timeout := flag.Duration("timeout", 20*time.Minute, "for each of the two runs")
	flag.Parse()
	exit(compare(*pattern, *timeout))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "delvedap:", err)
		os.Exit(1)
	}
	os.Exit(0)
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

// The changes to Delve's test client.
var changes = []struct{ old, new string }{
	{"func NewClient(addr string) *Client {\n", `func NewClient(addr string) *Client {
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
	{"import (\n", "import (\n\t\"os\"\n\t\"os/exec\"\n"},
}

// compare runs the tests both ways.
func compare(pattern string, timeout time.Duration) error {
	tmp, err := os.MkdirTemp("", "awaittrace-delvedap-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := unpack(tmp); err != nil {
		return err
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	direct, err := run(tmp, pattern, timeout)
	if err != nil {
		return err
	}
	through, err := run(tmp, pattern, timeout, relayEnv+"="+exe)
	if err != nil {
		return err
	}
	fmt.Printf("directly: %v\nthrough the proxy: %v\n", direct, through)
	var lost []string
	for name, result := range direct {
		if result == "pass" && through[name] != "pass" {
			lost = append(lost, name)
		}
	}
	if len(lost) > 0 {
		slices.Sort(lost)
		return fmt.Errorf("these pass directly and not through the proxy:\n\t%s", strings.Join(lost, "\n\t"))
	}
	return nil
}

// unpack copies Delve into dir and changes its test client.
func unpack(dir string) error {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/go-delve/delve").Output()
	if err != nil {
		return fmt.Errorf("go list -m github.com/go-delve/delve: %w", err)
	}
	if err := os.CopyFS(dir, os.DirFS(strings.TrimSpace(string(out)))); err != nil {
		return err
	}
	file := filepath.Join(dir, "service", "dap", "daptest", "client.go")
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, c := range changes {
		if strings.Count(string(text), c.old) != 1 {
			return fmt.Errorf("%s is another than expected: there is not one %q", file, c.old)
		}
		text = []byte(strings.Replace(string(text), c.old, c.new, 1))
	}
	return errors.Join(os.Chmod(file, 0o644), os.WriteFile(file, text, 0o644))
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

// run runs the tests in dir, with more variables.
func run(dir, pattern string, timeout time.Duration, env ...string) (results, error) {
	cmd := exec.Command("go", "test", "-json", "-count=1", "-timeout="+timeout.String(), "-run="+pattern, "./service/dap")
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
