package inspect

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

func TestCommandLine(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"/usr/bin/sleep", "300"}, "sleep 300"},
		{[]string{"sh", "-c", "cd /tmp && ls"}, "sh -c cd /tmp && ls"},
		{[]string{"cat", strings.Repeat("é", 100)}, "cat " + strings.Repeat("é", 28) + "…"},
		{[]string{"x", "a\xffb"}, "x a?b"},
	} {
		if got := commandLine(tt.args); got != tt.want {
			t.Errorf("commandLine(%q) = %q, want %q", tt.args, got, tt.want)
		}
	}
}

// TestComputing: only what is on a processor, and has reached no probe for long, is worth a second look.
func TestComputing(t *testing.T) {
	s := snaptext.MustParse(`taken 60s
states
goroutine 1 running
  step loop main.go:1 main.f i++ 59s
  thread 11
goroutine 2 running
  step loop main.go:1 main.f i++ 10s
  thread 12
goroutine 3 running
  thread 13
goroutine 4 runnable
goroutine 5 syscall
  thread 15
`)
	got := computing(s, 10*time.Second)
	if len(got) != 2 || got[2] != 12 || got[3] != 13 {
		t.Errorf("computing = %v, want goroutines 2 and 3", got)
	}
	text := "taken 60s\nstates\n"
	for id := range 2 * maxRunning {
		text += fmt.Sprintf("goroutine %d runnable\n  step loop main.go:1 main.f i++ 10s\n", id+1)
	}
	s = snaptext.MustParse(text)
	got = computing(s, 10*time.Second)
	for _, g := range s.Goroutines {
		if _, ok := got[g.ID]; ok == (g.Ran < 0) {
			t.Fatalf("goroutine %d: looked at again: %v, ran %d", g.ID, ok, g.Ran)
		}
	}
}
