package dlvext

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
)

// TestBreakpoint stops a program at a breakpoint, while its goroutines do what they do.
func TestBreakpoint(t *testing.T) {
	t.Parallel()
	exe := program(t, false, bank, ".")
	out := session(t, "stuck\nbreak main.audit\ncontinue\nstuck -after 1ms\nprobe\nprobes\nwaitgraph\nnext\nnext\n"+
		"holders a.mu\nholders nosuch\nprobe -g 99\nstuck -x\nexit\n", "exec", exe)
	for _, want := range []string{
		"Command failed: the program has not reached func main, or a probe, yet",
		"> [Breakpoint 1] main.audit() ./main.go:28",
		"=>  28:\tfunc audit(accounts ...*account) (total int) {",
		"goroutines are stuck: 2 in a deadlock",
		"mutex to.mu is held by goroutine ",
		" is running at main.go:28 (main.audit)  [ok]",
		"it was started at main.go:54 (main.main) by goroutine 1",
		"  running, no probe reached, at main.go:28 (main.audit)\n",
		"chan jobs (0x",
		"    <- goroutine ",
		"> main.audit() ./main.go:30",
		"taken as from.mu at main.go:17 (main.transfer)",
		"Command failed: holders: could not find symbol value for nosuch, in no frame of the selected goroutine",
		"Command failed: no goroutine 99; probes lists them",
		"Command failed: stuck: flag provided but not defined: -x",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the session has no %q:\n%s", want, out)
		}
	}
}

// TestGoroutines lists goroutines that wait in a probe: each where the user's source has it.
func TestGoroutines(t *testing.T) {
	t.Parallel()
	_, pid := deadlocked(t)
	ask := func(args ...string) {
		out := normal(session(t, "goroutines\nstuck\ngoroutines\nexit\nn\n", args...))
		for _, want := range []string{
			"Goroutine 9 - User: ./main.go:39 main.clerk (ADDR) [chan receive]",
			"Goroutine 12 - User: ./main.go:30 main.audit (ADDR) [sync.Mutex.Lock]",
		} {
			if n := strings.Count(out, want); n != 2 {
				t.Errorf("%s: %d times %q:\n%s", args[0], n, want, out)
			}
		}
	}
	ask("attach", strconv.Itoa(pid))
	waitGone(t, pid)
	ask("connect", headless(t, pid))
}

// waitGone waits until no debugger holds process pid.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	until(t, "the debugger lets go of the program", func() bool { return !procfs.Traced(pid) })
}

// TestCrowd asks about 10,000 goroutines.
func TestCrowd(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("10,000 goroutines")
	}
	pid := start(t, program(t, false, "../testdata/crowd", "."), []string{"10000"})
	until(t, "10,000 goroutines wait", func() bool { return waiting(pid) > 10000 }) // and main
	clock := starlark(t, "def main():\n\tfor _ in range(2):\n\t\tt = time.now()\n\t\tdlv_command(\"stuck\")\n"+
		"\t\tprint(\"stuck took\", time.now() - t)\n")
	out := session(t, "source "+clock+"\nprobes -n 5\nexit\nn\n", "attach", strconv.Itoa(pid))
	if !strings.Contains(out, "10000 goroutines send to chan gate at ") ||
		!strings.Contains(out, "and 9997 more; probes -n N shows N of them") {
		t.Errorf("the session says:\n%s", out)
	}
	for _, took := range regexp.MustCompile(`stuck took .*`).FindAllString(out, -1) {
		t.Log(took)
	}
}

// TestLongStop asks twice in one stop: the time between is not a wait of the program's.
func TestLongStop(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	_, pid := deadlocked(t)
	out := session(t, "stuck\nsource "+idling(t)+"\nstuck\nexit\nn\n", "attach", strconv.Itoa(pid))
	ups := regexp.MustCompile(`stopped, up (\S+)\)`).FindAllStringSubmatch(out, -1)
	if len(ups) != 2 {
		t.Fatalf("%d reports, want 2:\n%s", len(ups), out)
	}
	first, err1 := time.ParseDuration(ups[0][1])
	second, err2 := time.ParseDuration(ups[1][1])
	if err1 != nil || err2 != nil || second-first > time.Second {
		t.Errorf("up %v, and after a stop of 2s %v: %v %v", first, second, err1, err2)
	}
}

// TestEarlierStop stops a program twice: the first stop is not a wait either of those who waited all the time.
func TestEarlierStop(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	clock := "source " + starlark(t, "print(\"clock\", time.now().unix_nano)\n") + "\n"
	out := session(t, "break main.go:53\ncontinue\nstuck\nsource "+idling(t)+"\n"+clock+"break main.audit\ncontinue\n"+
		clock+"stuck -after 1ms\nexit\n", "exec", program(t, false, bank, "."))
	up := regexp.MustCompile(`stopped, up (\S+)\)`).FindStringSubmatch(out)
	clocks := regexp.MustCompile(`clock (\d+)`).FindAllStringSubmatch(out, -1)
	if up == nil || len(clocks) != 2 {
		t.Fatalf("the session says:\n%s", out)
	}
	before, err := time.ParseDuration(up[1])
	if err != nil {
		t.Fatal(err)
	}
	resumed, _ := strconv.ParseInt(clocks[0][1], 10, 64)
	stopped, _ := strconv.ParseInt(clocks[1][1], 10, 64)
	most := before + time.Duration(stopped-resumed) + 100*time.Millisecond // what it has run, however long that took
	waits := regexp.MustCompile(`waits for mutex .* for (\S+)\n`).FindAllStringSubmatch(out, -1)
	if len(waits) < 2 {
		t.Fatalf("%d waits, want 2:\n%s", len(waits), out)
	}
	for _, w := range waits {
		if d, err := time.ParseDuration(w[1]); err != nil || d > most {
			t.Errorf("a wait of %s with a stop of 2s in it, of at most %v: %v\n%s", w[1], most, err, out)
		}
	}
}

// idling writes a script for Delve that takes 2s, and returns its path.
func idling(t *testing.T) string {
	t.Helper()
	return starlark(t, "end = time.now().unix_nano + 2000000000\nwhile time.now().unix_nano < end:\n\tpass\n")
}

// starlark writes a script for Delve, and returns its path.
func starlark(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "script.star")
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// removeRecords removes the record of a process that has ended, if it has one.
func removeRecords(t *testing.T, pid int) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(os.Getenv("AWAITTRACE_DIR"), strconv.Itoa(pid)+"-*"))
	for _, f := range files {
		os.Remove(f)
	}
}

// headless starts a server of ours that holds process pid, and returns its address.
func headless(t *testing.T, pid int) string { return serve(t, command(), pid) }

// serve has a debugger serve process pid, and returns the server's address.
func serve(t *testing.T, cmd *exec.Cmd, pid int) string {
	t.Helper()
	cmd.Args = append(cmd.Args, "attach", strconv.Itoa(pid))
	return served(t, cmd)
}

// served has a debugger be a server, and returns its address.
func served(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	addr := unixPrefix + filepath.Join(t.TempDir(), "dlv")
	cmd.Args = append(cmd.Args, "--headless", "--accept-multiclient", "--listen="+addr)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	})
	until(t, "the server listens", func() bool { return listens(t, strings.TrimPrefix(addr, unixPrefix)) })
	return addr
}

// listens reports whether a server listens at the socket of that name, whose file is there before. It does not connect:
// a client that leaves lets the program go on.
func listens(t *testing.T, name string) bool {
	t.Helper()
	sockets, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(sockets)) {
		const listening = " 00010000 "
		if strings.HasSuffix(strings.TrimSpace(line), " "+name) && strings.Contains(line, listening) {
			return true
		}
	}
	return false
}

// TestLook attaches to a program, and reports on it, while another awaittrace looks at it for a moment.
func TestLook(t *testing.T) {
	t.Parallel()
	_, pid := deadlocked(t)
	rec, err := record.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	lookAt(t, pid, 100*time.Millisecond)
	r, err := inspect.Recorded(rec).Report(t.Context(), inspect.Options{})
	if err != nil || !r.Snapshot.HasStates || r.Snapshot.Process.State == "stopped" {
		t.Errorf("the report has states: %t, of a program that is %s, error %v", r.Snapshot.HasStates,
			r.Snapshot.Process.State, err)
	}
	lookAt(t, pid, 400*time.Millisecond) // the debugger has to start first
	if out := session(t, "stuck\nexit\nn\n", "attach", strconv.Itoa(pid)); !strings.Contains(out, "deadlock") {
		t.Errorf("the session says:\n%s", out)
	}
}

// lookAt traces process pid, and lets it go after d.
func lookAt(t *testing.T, pid int, d time.Duration) {
	t.Helper()
	held := make(chan error)
	go procfs.OnTracer(func() {
		tracer := procfs.NewTracer(pid)
		defer tracer.Release()
		held <- tracer.Stop()
		time.Sleep(d)
	})
	if err := <-held; err != nil {
		t.Fatal(err)
	}
}

// TestReportHeld reports, from a process that has nothing to do with it, on a program that a debugger holds.
func TestReportHeld(t *testing.T) {
	t.Parallel()
	_, pid := deadlocked(t)
	headless(t, pid)
	until(t, "the debugger holds the program", func() bool { return procfs.Traced(pid) })
	rec, err := record.Open(pid)
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	if _, err := procfs.LastRan(pid); err != nil {
		t.Skip(err)
	}
	// The debugger has it before all of its threads have come to a halt.
	until(t, "all its threads have halted", func() bool {
		r, err := inspect.Recorded(rec).Report(t.Context(), inspect.Options{Options: diagnose.Options{}})
		return err == nil && r.Snapshot.HasStates
	})
	var taken [2]int64
	for i := range taken {
		r, err := inspect.Recorded(rec).Report(t.Context(),
			inspect.Options{Options: diagnose.Options{After: 500 * time.Millisecond}})
		if err != nil {
			t.Fatal(err)
		}
		s := r.Snapshot
		if !s.HasStates || s.Process.State != "stopped" || r.Counts[diagnose.Deadlock] != 3 ||
			len(s.Goroutines[0].Stack) == 0 {
			t.Errorf("states %v %s, process %s, counts %v, stack %v", s.HasStates, s.NoStates, s.Process.State,
				r.Counts, s.Goroutines[0].Stack)
		}
		taken[i] = s.Taken
		time.Sleep(time.Second)
	}
	if d := time.Duration(taken[1] - taken[0]); d > 500*time.Millisecond {
		t.Errorf("in a second of being held the program has waited for %v", d)
	}
}

// TestStep steps through a program: no stop is inside a probe, and the user's own functions are entered.
func TestStep(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{"optimized": nil, "plain": {"-gcflags=all=-N -l"}} {
		t.Run(name, func(t *testing.T) {
			if flags != nil && testing.Short() {
				t.Skip("builds the standard library another way")
			}
			exe := program(t, false, "testdata/steps", append(flags, ".")...)
			for _, command := range []string{"step", "next"} {
				out := session(t, "break main.main\ncontinue\n"+strings.Repeat(command+"\n", 24)+"exit\n", "exec", exe)
				stops := regexp.MustCompile(`(?m)^(?:\(dlv\) )?> .*?(\S+)\(\) (\S+):(\d+)`).FindAllStringSubmatch(out,
					-1)
				var lines []string // of func main, each once
				entered := false
				for _, s := range stops {
					if strings.Contains(s[2], "/debug/") {
						t.Errorf("%s stops in %s at %s:%s", command, s[1], s[2], s[3])
					}
					entered = entered || s[1] == "main.double" || s[3] == "11"
					if s[1] == "main.main" && s[3] != "11" && (len(lines) == 0 || lines[len(lines)-1] != s[3]) {
						lines = append(lines, s[3])
					}
				}
				if got := strings.Join(lines, " "); !strings.HasPrefix(got, "14 15 16 17 18 19 20 21 22 23 24 ") {
					t.Errorf("%s stops at lines %s", command, got)
				}
				if entered != (command == "step") {
					t.Errorf("%s has entered double: %v", command, entered)
				}
			}
		})
	}
}

// TestDebug builds with probes, and again after an edit.
func TestDebug(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds the standard library another way")
	}
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "main.go"} {
		text, err := os.ReadFile(filepath.Join("testdata/steps", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	edit := filepath.Join(dir, "edit.star")
	script := "text = read_file(\"" + dir + "/main.go\")\nwrite_file(\"" + dir +
		"/main.go\", text.replace(\"x := <-ch\", \"x := 10 + <-ch\"))\n"
	if err := os.WriteFile(edit, []byte(script), 0o666); err != nil {
		t.Fatal(err)
	}
	out := session(t, "break main.go:20\ncontinue\nprobe\nsource "+edit+"\nrebuild\ncontinue\nprobe\nprint x\nexit\n",
		"debug", "--build-flags=-C="+dir, "-probe", "chan")
	for _, want := range []string{"<-ch  at ", "x := 10 + <-ch", "12"} {
		if !strings.Contains(out, want) {
			t.Errorf("the session has no %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "mu.Lock()  at") {
		t.Errorf("-probe chan was not heard:\n%s", out)
	}
	// A server builds again with probes for a client that knows nothing of them.
	addr := served(t, command("debug", "--build-flags=-C="+dir))
	out = session(t, "rebuild\nbreak main.go:20\ncontinue\nprobe\nexit\nn\n", "connect", addr)
	if want := "<-ch  at "; !strings.Contains(out, want) {
		t.Errorf("the session with a server has no %q:\n%s", want, out)
	}
}
