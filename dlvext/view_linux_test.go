package dlvext

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/runtime"
)

// TestStack looks at the stack of a goroutine that waits in a probe: it is the one that the goroutine has in the
// program without probes.
func TestStack(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{"optimized": nil, "plain": {"-gcflags=all=-N -l"}} {
		t.Run(name, func(t *testing.T) {
			if flags != nil && testing.Short() {
				t.Skip("builds the standard library another way")
			}
			// without probes some places are those of sync
			const ask = "goroutines -with goloc main.go:54 -exec stack\n"
			without := start(t, program(t, true, bank, append(flags, ".")...), nil)
			awaitLocks(t, without)
			want := stack(session(t, ask+"exit\nn\n", "attach", strconv.Itoa(without)))
			own := slices.Index(want, "main.audit")
			if own < 1 {
				t.Fatalf("without probes the stack is %q", want)
			}
			exe := program(t, false, bank, append(flags, ".")...)
			pid := start(t, exe, nil)
			awaitDeadlock(t, pid)
			core := filepath.Join(t.TempDir(), "core")
			frame := fmt.Sprintf("goroutines -with userloc main.audit -exec frame %d ", own)
			script := ask + frame + "print a.balance\n" + frame + "list\n" + frame +
				"locals\ngoroutines -group userloc\n" +
				"goroutines -without userloc main. -group running\ncollector on\ncollector\ngoroutines -t\n"
			check := func(args ...string) {
				out := session(t, script+"exit\nn\n", args...)
				hidden, shown, _ := strings.Cut(out, "the collector's frames are on")
				if got := stack(hidden); !slices.Equal(got, want) {
					t.Errorf("%s: the stack is\n%q, and without probes\n%q", args[0], got, want)
				}
				for _, part := range []string{
					"\n100\n", "=>  30:\t", "a = (*main.account)(", "main.go:21 in main.transfer\n", "\tTotal: 2\n",
					"running=false\n",
				} {
					if !strings.Contains(hidden, part) {
						t.Errorf("%s: the session has no %q:\n%s", args[0], part, hidden)
					}
				}
				if strings.Contains(hidden, "/debug/") || !strings.Contains(shown, "debug.lockSlow\n") {
					t.Errorf("%s: the collector is not hidden, or not shown when it should be:\n%s", args[0], out)
				}
			}
			check("attach", strconv.Itoa(pid))
			session(t, "dump "+core+"\nexit\nn\n", "attach", strconv.Itoa(pid))
			check("core", exe, core)
			waitGone(t, pid)
			check("connect", headless(t, pid))
		})
	}
}

// stack returns the functions of the stack in what a session has printed.
func stack(out string) (functions []string) {
	for _, m := range regexp.MustCompile(`(?m)^\s*\d+  0x[0-9a-f]+ in (\S+)$`).FindAllStringSubmatch(out, -1) {
		functions = append(functions, m[1])
	}
	return functions
}

// TestLocals lists the variables of a frame with a loop over a channel, in the ways that Delve has: those that a probe
// has put there are not shown.
func TestLocals(t *testing.T) {
	t.Parallel()
	exe := program(t, false, "testdata/steps", "-gcflags=-N -l", ".")
	out := session(t, "break main.double\ncontinue\ncontinue\nup\nlocals\nstack -full\ncollector on\ncollector\n"+
		"locals\nexit\n", "exec", exe)
	hidden, shown, _ := strings.Cut(out, "the collector's frames are on")
	if n := strings.Count(hidden, "v = 1\n"); n != 2 || strings.Contains(hidden, "_at") {
		t.Errorf("v is shown %d times, want it twice, and no variable of a probe:\n%s", n, hidden)
	}
	if !strings.Contains(shown, "_atR") {
		t.Errorf("with the collector's frames the variables of a probe are not shown:\n%s", shown)
	}
}

// TestInside stops inside a probe, as a program that is halted may: users are shown where the probe stands, and go on
// from there.
func TestInside(t *testing.T) {
	t.Parallel()
	exe := program(t, false, "testdata/steps", ".")
	for _, command := range []string{"next", "step"} {
		out := session(t, "break debug.Lock\ncontinue\nstep-instruction\nstack\ngoroutine\nframe 2\nframe 0\n"+command+
			"\n"+command+"\nprint cap(ch)\nexit\n", "exec", exe)
		_, out, _ = strings.Cut(out, "TEXT debug.Lock") // the answer to step-instruction
		_, out, _ = strings.Cut(out, "(dlv) ")
		if strings.Contains(out, "/debug/") || strings.Contains(out, runtime.Assembly) {
			t.Errorf("%s: the session is inside a probe:\n%s", command, out)
		}
		for _, want := range []string{"in main.main\n", "=>  17:\t", "=>  18:\t", "(dlv) 3\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: the session has no %q:\n%s", command, want, out)
			}
		}
	}
}
