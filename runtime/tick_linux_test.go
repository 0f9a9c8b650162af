//go:build linux && (amd64 || arm64) && !awaittrace_portable

package runtime

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestVvarIn(t *testing.T) {
	const (
		vvar  = "7ffe1a5c8000-7ffe1a5ca000 r--p 00000000 00:00 0                          [vvar]\n"
		clock = "7ffe1a5ca000-7ffe1a5cc000 r--p 00000000 00:00 0                          [vvar_vclock]\n"
		file  = "00400000-0047c000 r-xp 00000000 fe:00 1 /tmp/a [vvar]/b\n"
	)
	for text, want := range map[string]uint64{
		"": 0, "[vvar]": 0, "\n": 0, clock: 0, file: 0, strings.TrimSuffix(vvar, "\n"): 0,
		vvar: 0x7ffe1a5c8000, file + vvar + clock: 0x7ffe1a5c8000, clock + vvar: 0x7ffe1a5c8000,
	} {
		if got := vvarIn([]byte(text)); got != want {
			t.Errorf("%q: %#x, want %#x", text, got, want)
		}
	}
}

// TestSequence lays out pages as kernels do.
func TestSequence(t *testing.T) {
	for _, tt := range []struct {
		name            string
		start, head     int
		mode            uint64
		shifted, onlyIn bool // by a time namespace; the monotonic clock is another one
		want            int
	}{
		{"5.3 arm64", 0, headWords, 1, false, false, 0},
		{"5.3 amd64", 16, headWords, 1, false, false, 16},
		{"6.13 amd64", 0, headWords13, 1, false, false, 0},
		{"no cache line", 3, headWords, 1, false, false, -1},
		{"no mode", 16, headWords, 1 << 20, false, false, -1},
		{"a time namespace", 0, headWords, 1, true, false, -1},
		{"one clock only", 0, headWords, 1, false, true, -1},
	} {
		found := -1
		for i := 0; i < 100; i++ { // the kernel may tick in between
			var p clockPage
			p[tt.start] = 42 | tt.mode<<32
			clocks := p[tt.start+tt.head:]
			gettime(realtimeCoarse, &clocks[2*realtimeCoarse])
			gettime(monotonicCoarse, &clocks[2*monotonicCoarse])
			if tt.shifted {
				clocks[2*realtimeCoarse], clocks[2*monotonicCoarse] = 0, 1000
			}
			if tt.onlyIn {
				clocks[2*monotonicCoarse] += 1000
			}
			if found = p.sequence(); found >= 0 {
				break
			}
		}
		if found != tt.want {
			t.Errorf("%s: found at %d, want %d", tt.name, found, tt.want)
		}
	}
}

// A candidate that is read during an update is neither taken nor dropped.
func TestAdoptTick(t *testing.T) {
	word, span, found := tickWord, cycleSpan, foundTick
	defer func() { tickWord, cycleSpan, foundTick = word, span, found }()
	for _, tt := range []struct {
		now         uint32
		ago         int64
		taken, kept bool
	}{
		{12, 2 * tickTrial, true, false},
		{13, 2 * tickTrial, false, true},
		{12, tickTrial / 2, false, true},
		{10, 2 * tickTrial, false, false},
		{13, 200 * tickTrial, false, false},
	} {
		candidate := tt.now
		foundTick, tickThen, foundAt = &candidate, 10, nanotime()-tt.ago
		tickWord = word
		adoptTick()
		if taken, kept := tickWord == &candidate, foundTick != nil; taken != tt.taken || kept != tt.kept {
			t.Errorf("10, and %d after %d ms: taken %t, kept %t, want %t, %t", tt.now, tt.ago/1e6, taken, kept, tt.taken,
				tt.kept)
		}
	}
}

func init() { children["clock"] = clockChild }

// TestClock runs clockChild where the kernel's tick can be found, and where it cannot.
func TestClock(t *testing.T) {
	for _, tt := range []struct {
		name string
		by   []string
		tick string // what the child must print of it, if anything
	}{
		{"plain", nil, ""},
		{"time namespace", []string{"unshare", "-T", "--monotonic", "100000", "--fork"}, "false"},
		{"no proc", []string{"unshare", "-m", "sh", "-c", `mount -t tmpfs none /proc && exec "$0" "$@"`}, "false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if tt.by != nil && exec.Command(tt.by[0], append(tt.by[1:len(tt.by):len(tt.by)], "true")...).Run() != nil {
				t.Skip("not permitted: " + strings.Join(tt.by, " "))
			}
			args := append(tt.by[:len(tt.by):len(tt.by)], program(os.Args[0])...)
			cmd := exec.Command(args[0], args[1:]...)
			cmd.Env = append(os.Environ(), "AWAITTRACE_CHILD=clock", "AWAITTRACE_DIR="+t.TempDir())
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Wait()
			defer cmd.Process.Kill()
			said := false
			for lines := bufio.NewScanner(out); lines.Scan(); {
				var pid, late int
				var tick string
				if n, _ := fmt.Sscanf(lines.Text(), "stops %d", &pid); n == 1 {
					time.Sleep(2 * time.Second)
					if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
						t.Fatal(err)
					}
				}
				if n, _ := fmt.Sscanf(lines.Text(), "late %d tick %s", &late, &tick); n == 2 {
					said = true
					t.Logf("late by %d ms, tick: %s", late, tick)
					if late > 1000 || late < 0 {
						t.Errorf("the clock is late by %d ms", late)
					}
					if tt.tick != "" && tick != tt.tick {
						t.Errorf("tick: %s, want %s", tick, tt.tick)
					}
				}
			}
			if !said {
				t.Error("the child said nothing")
			}
		})
	}
}

// clockChild compares the times of probes with the clock for a while. It is stopped in the middle.
func clockChild() {
	Loop(newSite(OpLoop, KindNone, "for"))
	late, ahead, stopped := int64(0), int64(0), false
	for began := nanotime(); nanotime() < began+3500e6; {
		if nanotime() > began+1e9 && !stopped {
			stopped = true
			fmt.Printf("stops %d\n", syscall.Getpid())
			syscall.Kill(syscall.Getpid(), syscall.SIGSTOP)
		}
		before := nanotime()
		is := now()
		late, ahead = max(late, before-is), max(ahead, is-nanotime())
		time.Sleep(100 * time.Microsecond)
	}
	if ahead > 0 {
		late = -1
	}
	fmt.Printf("late %d tick %v\n", late/1e6, tickWord != &noTick)
}
