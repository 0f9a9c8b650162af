// Goleak runs the tests of real modules that look for leaked goroutines with go.uber.org/goleak, without probes and
// with them, and prints a table. Such tests look at stacks, on which probes have frames of their own.
//
//	go run ./scripts/goleak [module@version ...]
//
// The exit status is 1 if a test fails with probes only, and leaves no goroutines stuck.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/script"
)

// A module and those of its packages whose tests are run.
type module struct {
	version  string
	packages []string
}

var modules = []module{
	{"go.uber.org/goleak@v1.3.0", []string{"./..."}},
	{"go.uber.org/fx@v1.24.0", []string{"."}},
	{"go.uber.org/zap@v1.28.0", []string{".", "./zapcore", "./internal/..."}},
	{"github.com/go-co-op/gocron/v2@v2.21.2", []string{"."}},
	{"github.com/jellydator/ttlcache/v3@v3.4.1", []string{"."}},
	{"github.com/rabbitmq/amqp091-go@v1.16.0", []string{"."}},
	{"github.com/prometheus/client_golang@v1.25.0", []string{"./prometheus/..."}},
	{"github.com/getsentry/sentry-go@v0.50.0", []string{"."}},
	{"go.opentelemetry.io/collector/component@v1.71.0", []string{"./..."}},
	{"go.opentelemetry.io/collector/consumer@v1.71.0", []string{"./..."}},
}

func main() { script.Main("goleak", run) }

func run(s *script.Script, names []string) error {
	at, err := s.Awaittrace()
	if err != nil {
		return err
	}
	s = s.With("GOFLAGS=", "GOWORK=off")
	fmt.Println("| module | plain | with probes | tests that differ | goroutines left stuck |")
	fmt.Println("|---|---|---|---|---|")
	failed := 0
	for _, m := range choose(names) {
		dir := s.Path(strings.NewReplacer("/", "_", "@", "_").Replace(m.version))
		if err := s.Run("", "scripts/fetch", m.version, dir); err != nil {
			return err
		}
		plain := test(s, dir, m, "go", "test")
		probed := test(s, dir, m, at, "test")
		if s.Err() != nil {
			return s.Err()
		}
		differ := probed.beyond(plain)
		if run := onlyTests(differ); run != "" { // many tests go by the clock, and fail now and then
			differ = test(s, dir, m, at, "test", "-run="+run).beyond(plain)
		}
		if len(differ) > 0 {
			failed++
		}
		fmt.Printf("| %s | %v | %v | %s | %d |\n", m.version, plain, probed, strings.Join(differ, ", "),
			len(probed.left))
	}
	if failed > 0 {
		s.Keep = true
		return fmt.Errorf("%d modules differ with probes: sources and logs are in %s", failed, s.Work)
	}
	return nil
}

// choose returns the modules that are named, whole where they are not in the table, or the table.
func choose(names []string) []module {
	if len(names) == 0 {
		return modules
	}
	var chosen []module
	for _, name := range names {
		m := module{version: name, packages: []string{"./..."}}
		for _, known := range modules {
			if known.version == name {
				m = known
			}
		}
		chosen = append(chosen, m)
	}
	return chosen
}

// A result is what came of the tests of a module.
type result struct {
	failed map[string]bool // names of tests and packages
	left   map[string]bool // tests that fail for what they leave stuck
	passed int
	time   time.Duration
}

func (r *result) String() string {
	return fmt.Sprintf("%d pass, %d fail, %.0f s", r.passed, len(r.failed), r.time.Seconds())
}

// beyond returns the failures that other does not have, and that are not for goroutines left stuck.
func (r *result) beyond(other *result) []string {
	var names []string
	for name := range r.failed {
		if !other.failed[name] && !r.left[name] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// onlyTests returns the pattern for -run that names tests; "" if there are none, or not all of the names are those of
// tests.
func onlyTests(names []string) string {
	var tests []string
	for _, name := range names {
		if !strings.HasPrefix(name, "Test") {
			return ""
		}
		top, _, _ := strings.Cut(name, "/")
		tests = append(tests, top)
	}
	if len(tests) == 0 {
		return ""
	}
	return "^(" + strings.Join(tests, "|") + ")$"
}

var (
	outcome = regexp.MustCompile(`(?m)^ *--- (PASS|FAIL): (\S+) `)
	stuck   = regexp.MustCompile(`(?m)^=== (?:RUN|CONT|NAME) +(\S+)$|it leaves \d+ goroutines? stuck:$`)
	leaked  = regexp.MustCompile(`(?m)^goleak: `)
)

// test runs the tests of a module, and writes their output to a file beside its folder.
func test(s *script.Script, dir string, m module, command ...string) *result {
	start := time.Now()
	args := append(command, "-count=1", "-v", "-p=1", "-vet=off", "-mod=mod", "-timeout=5m")
	out, err := s.Command(dir, append(args, m.packages...)...).CombinedOutput()
	os.WriteFile(dir+"."+filepath.Base(command[0])+".log", out, 0o666) // for people
	r := &result{failed: make(map[string]bool), left: make(map[string]bool), time: time.Since(start)}
	for _, match := range outcome.FindAllSubmatch(out, -1) {
		if string(match[1]) == "PASS" {
			r.passed++
		} else {
			r.failed[string(match[2])] = true
		}
	}
	var test string // that the output is of
	for _, match := range stuck.FindAllSubmatch(out, -1) {
		if len(match[1]) > 0 {
			test = string(match[1])
			continue
		}
		for name := test; ; name = name[:strings.LastIndexByte(name, '/')] { // those around it fail with it
			r.left[name] = true
			if !strings.Contains(name, "/") {
				break
			}
		}
	}
	if leaked.Match(out) {
		r.failed["goleak.VerifyTestMain"] = true
	} else if err != nil && len(r.failed) == 0 {
		r.failed["go test"] = true
	}
	return r
}
