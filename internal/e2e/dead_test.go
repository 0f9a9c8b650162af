package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func signalTo(t *testing.T, p *process, name string) {
	t.Helper()
	number := map[string]syscall.Signal{"STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT, "USR1": syscall.SIGUSR1,
		"INT": syscall.SIGINT}[name]
	if err := p.cmd.Process.Signal(number); err != nil {
		t.Fatal(err)
	}
}

// procState returns the letter for the state of the process in /proc.
func procState(t *testing.T, p *process) string {
	t.Helper()
	stat, err := os.ReadFile("/proc/" + p.pid() + "/stat")
	if err != nil {
		t.Fatal(err)
	}
	rest := string(stat[strings.LastIndex(string(stat), ")")+2:])
	return rest[:1]
}

// TestKilled checks that after kill -9 the report on a stuck program says the same as before.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("every pitfall, twice")
	}
	t.Parallel()
	programs := build(t, true, filepath.Join(testdata, "pitfalls"), "./...")
	for _, p := range pitfalls {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			prog := start(t, nil, filepath.Join(programs, p.name))
			before, text := prog.until(p.finding, func(r report) bool { return settled(r, p) }, "-after", "1s")
			prog.kill()
			after, textAfter := prog.json("-after", "1s")
			if before.Process.State != "live" || after.Process.State != "killed" && after.Process.State != "exited" {
				t.Errorf("process is %q before and %q after", before.Process.State, after.Process.State)
			}
			if a, b := told(before), told(after); !slices.Equal(a, b) {
				t.Errorf("before:\n%s\nafter:\n%s\n\nthe reports:\n%s\n%s", strings.Join(a, "\n"),
					strings.Join(b, "\n"), text, textAfter)
			}
		})
	}
}

// told returns what a report says of the goroutines that reached a probe, except what only a running process can say.
func told(r report) []string {
	var list []string
	for _, f := range r.Findings {
		if f.Kind == "leak" { // only a running process shows that nobody is left who could end a wait
			f.Kind = "stuck"
		}
		list = append(list, fmt.Sprint("finding ", f.Kind, f.Goroutines, f.Root))
	}
	for _, g := range r.Goroutines {
		if g.Probe == nil {
			continue
		}
		line := fmt.Sprint("goroutine ", g.ID, " ", g.Phase, " ", *g.Probe)
		if g.WaitsOn != nil {
			line += fmt.Sprint(" waits on ", *g.WaitsOn)
		}
		for _, h := range g.Holds {
			line += fmt.Sprint(" holds ", h.Lock)
		}
		list = append(list, line)
	}
	return list
}

// TestCrowd checks that 20,000 goroutines that wait for a channel are one line of the report, which does not hurt the
// program. TestDAPCrowd of the command has 100,000.
func TestCrowd(t *testing.T) {
	if testing.Short() {
		t.Skip("20,000 goroutines")
	}
	t.Parallel()
	exe := build(t, true, filepath.Dir(testdata), "./testdata/crowd")
	prog := start(t, nil, exe, "20000")
	prog.expect("waiting")
	line := regexp.MustCompile(`(?m)^ +waiting: 20,?000 goroutines at .*crowd/main.go:\d+ `)
	for end := time.Now().Add(patience); ; { // they are about to wait
		r := must(t, "report", prog.report("-after", "100ms"))
		if line.MatchString(r.stdout) && strings.Count(r.stdout, "\n") <= 20 {
			t.Logf("the report took %v:\n%s", r.took, r.stdout)
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the report has not put them into one line:\n%s", r.stdout)
		}
	}
	signalTo(t, prog, "USR1")
	prog.expect("20000")
}

// TestTooMany checks that a record without room for all goroutines says so, and that the program goes on.
func TestTooMany(t *testing.T) {
	t.Parallel()
	exe := build(t, true, filepath.Dir(testdata), "./testdata/crowd")
	prog := start(t, []string{"AWAITTRACE_GOROUTINES=200"}, exe, "1000")
	prog.expect("waiting")
	r, text := prog.json()
	if r.Complete {
		t.Errorf("the report of a record without room says that it is complete:\n%.2000s", text)
	}
	signalTo(t, prog, "USR1")
	prog.expect("1000")
}
