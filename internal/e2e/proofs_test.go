package e2e

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestProofs checks that all looks at one program report the same proofs: while it runs, held by Delve at a breakpoint,
// in cores, and after kill -9; with probes and without, with symbols and without.
func TestProofs(t *testing.T) {
	for _, probes := range []bool{true, false} {
		for _, ldflags := range []string{"", "-s -w"} {
			t.Run(fmt.Sprintf("probes=%t/ldflags=%s", probes, ldflags), func(t *testing.T) {
				t.Parallel()
				if testing.Short() && (!probes || ldflags != "") {
					t.Skip("takes long")
				}
				exe := build(t, probes, filepath.Dir(testdata), "-ldflags="+ldflags, "./testdata/receives")
				want := receives(t, probes)
				prog := start(t, nil, exe)
				prog.expect("ready")
				check := func(r report, state string) {
					t.Helper()
					if got := proofs(r); !maps.Equal(got, want) || r.Process.State != state {
						t.Errorf("a program that is %q, want %q, is told to have\n%s\nwant\n%s", r.Process.State, state,
							lines(got), lines(want))
					}
				}
				live, _ := prog.until("proofs", func(r report) bool { return maps.Equal(proofs(r), want) }, "-after",
					"1s")
				check(live, "live")
				if ldflags == "" { // Delve needs symbols
					breakpoint(t, prog, want)
				}
				for _, core := range cores(t, prog, exe) {
					// gdb's cores have no record.
					r := command(t, "", []string{"AWAITTRACE_DIR=" + prog.dir}, awaittrace, "report", "-f", "json",
						"-after", "1s", core, exe)
					parsed, _ := prog.parse(must(t, "report "+filepath.Base(core), r))
					check(parsed, "core")
				}
				if !probes {
					return // nothing is left of it
				}
				prog.json("-after", "1s")
				prog.kill()
				dead, _ := prog.json("-after", "1s")
				check(dead, "exited")
			})
		}
	}
}

// TestProofsRun checks that run reports the same while the program runs, and when the runtime ends it because all its
// goroutines are asleep.
func TestProofsRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	r := command(t, filepath.Dir(testdata), []string{"AWAITTRACE_DIR=" + dir}, awaittrace, "run", "-after", "1s",
		"./testdata/receives", "end")
	if r.code != 2 {
		t.Errorf("exit status %d, want that of the runtime's fatal error", r.code)
	}
	_, told, _ := strings.Cut(r.stderr, "awaittrace: the program has ended (exit status 2):")
	for at := range receives(t, true) {
		if !strings.Contains(told, at+" ") || strings.Contains(told, "may be stuck") {
			t.Errorf("nothing is told of %s, or as a possibility only", at)
		}
	}
	if t.Failed() {
		t.Log(r.stderr)
	}
}

// TestProofsTest checks that leaks of tests that only receive are reported as certain.
func TestProofsTest(t *testing.T) {
	t.Parallel()
	r := command(t, filepath.Dir(testdata), nil, awaittrace, "test", "-count=1", "./testdata/receives")
	if got := proofsText(strings.ReplaceAll(r.stdout, "\n        ", "\n")); r.code != 1 || len(got) != 2 ||
		strings.Contains(r.stdout, "(likely)") || strings.Contains(r.stdout, "TestEnds") {
		t.Errorf("exit status %d, %v\n%s%s", r.code, got, r.stdout, r.stderr)
	}
}

// receives returns the kinds of finding in the comments of testdata/receives, by position.
func receives(t *testing.T, probes bool) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testdata, "receives", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string]string)
	for i, line := range strings.Split(string(text), "\n") {
		if m := regexp.MustCompile(`\S.* // (leak|missing-done or leak)$`).FindStringSubmatch(line); m != nil {
			with, without, ok := strings.Cut(m[1], " or ")
			if ok && !probes {
				with = without
			}
			want[fmt.Sprintf("main.go:%d", i+1)] = with
		}
	}
	return want
}

// proofs returns the kinds of the proven findings of r, by the places where their roots wait.
func proofs(r report) map[string]string {
	got := make(map[string]string)
	for _, f := range r.Findings {
		if f.Certainty != "certain" || f.Proof != "reachability" {
			f.Kind += " " + f.Certainty + " " + f.Proof
		}
		for _, g := range r.Goroutines {
			if g.ID != f.Root {
				continue
			}
			for _, fr := range g.Stack {
				if filepath.Base(filepath.Dir(fr.File)) == "receives" {
					got[fmt.Sprintf("%s:%d", filepath.Base(fr.File), fr.Line)] = f.Kind
					break
				}
			}
		}
	}
	return got
}

var (
	findingHead = regexp.MustCompile(`(?m)^([a-z-]+): .*`)
	findingAt   = regexp.MustCompile(`main(?:_test)?\.go:\d+`)
)

// proofsText is proofs for a report as text.
func proofsText(text string) map[string]string {
	got := make(map[string]string)
	heads := findingHead.FindAllStringSubmatchIndex(text, -1)
	for i, h := range heads {
		end := len(text)
		if i+1 < len(heads) {
			end = heads[i+1][0]
		}
		body, kind := text[h[0]:end], text[h[2]:h[3]]
		if strings.Contains(body, "(likely)") || !strings.Contains(body, "proven: ") {
			kind += " unproven"
		}
		for _, line := range strings.Split(body, "\n") {
			if at := findingAt.FindString(line); at != "" && strings.HasPrefix(strings.TrimSpace(line), "goroutine ") {
				got[at] = kind
				break
			}
		}
	}
	return got
}

// lines returns a map as text.
func lines(m map[string]string) string {
	var list []string
	for k, v := range m {
		list = append(list, k+" "+v)
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// breakpoint has Delve hold the program at a breakpoint, and compares the report there with want.
func breakpoint(t *testing.T, prog *process, want map[string]string) {
	t.Helper()
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("break main.tick\ncontinue\nstuck -after 1s\nexit\nn\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(awaittrace, "dlv", "attach", "--allow-non-terminal-interactive=true", prog.pid())
	cmd.Env = append(os.Environ(), "AWAITTRACE_DIR="+prog.dir, "TERM=dumb")
	in, err := os.Open(script)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	cmd.Stdin = in
	inGroup(cmd)
	out, err := cmd.CombinedOutput()
	if got := proofsText(string(out)); err != nil || !maps.Equal(got, want) ||
		!strings.Contains(string(out), "main.tick()") {
		t.Errorf("at a breakpoint: %v\n%s\nwant\n%s\n%s", err, lines(got), lines(want), out)
	}
}

// cores makes cores of the program, which goes on: gdb's, and Delve's if it can.
func cores(t *testing.T, prog *process, exe string) []string {
	t.Helper()
	var list []string
	core := filepath.Join(t.TempDir(), "core")
	if out, err := exec.Command("gcore", "-o", core, prog.pid()).CombinedOutput(); err != nil {
		t.Logf("no core of gdb's: %v\n%s", err, out)
	} else {
		list = append(list, core+"."+prog.pid())
	}
	return list
}
