package top

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/testing/snaptext"
)

// A fake is a program of which each look sees one goroutine more that leaks.
type fake struct {
	looks  int
	closed bool
}

func (f *fake) Close() { f.closed = true }

func (f *fake) Report(context.Context, bool) (*diagnose.Report, error) {
	f.looks++
	return leaking(f.looks), nil
}

func leaking(n int) *diagnose.Report {
	var b strings.Builder
	b.WriteString("taken 1m\n")
	add := func(id int, at, object string) {
		fmt.Fprintf(&b, "goroutine %d waiting\n  step %s 12s\n  wait %[2]s %s 12s\n", id, at, object)
	}
	lock := "lock/mutex /src/deep/down/below/many/folders/main.go:20 main.transfer to.mu.Lock()"
	add(1, lock, "0xb1")
	b.WriteString("  hold lock/mutex /src/main.go:18 main.transfer from.mu.Lock() 0xb2 11s\n")
	add(2, lock, "0xb2")
	b.WriteString("  hold lock/mutex /src/main.go:18 main.transfer from.mu.Lock() 0xb1 11s\n")
	for i := range n {
		add(10+i, "sleep /src/worker.go:88 main.worker time.Sleep(d)", "0x0")
	}
	for i := range 30 {
		add(100+i, fmt.Sprintf("sleep /src/other.go:%d main.other time.Sleep(d)", i+1), "0x0")
	}
	if n > 2 {
		add(99, "sleep /src/late.go:7 main.late time.Sleep(e)", "0x0")
	}
	s := snaptext.MustParse(b.String())
	s.Process.Exe, s.Process.Pid, s.Process.State = "/bin/bank", 4711, "live"
	return diagnose.Analyze(s, diagnose.Options{After: 10 * time.Second})
}

// A session drives a model without a terminal.
type session struct {
	t *testing.T
	m *Model
}

func begin(t *testing.T, p Program) *session {
	m := &Model{ctx: t.Context(), opt: Options{
		Programs: func(context.Context) ([]Entry, error) {
			return []Entry{{"4711", "live", "bank", 33, 2}, {"4712", "exited", "shop", 7, 0}}, nil
		},
		Open: func(arg string) (Program, error) {
			if arg != "4711" {
				return nil, errors.New("its record is gone")
			}
			return &fake{}, nil
		},
	}}
	m.show(p)
	s := &session{t, m}
	s.do(tea.WindowSizeMsg{Width: 80, Height: 24})
	s.look()
	return s
}

func (s *session) do(msg tea.Msg) {
	_, cmd := s.m.Update(msg)
	s.after(cmd)
}

// after does what a command asks for.
func (s *session) after(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			s.after(c)
		}
	case tea.QuitMsg:
		s.m.failed = errors.New("it quits")
	default:
		s.do(msg)
	}
}

func (s *session) look() { s.after(s.m.look(false)) }

func (s *session) press(keys ...string) {
	for _, key := range keys {
		k, ok := map[string]tea.Key{
			"up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "left": {Code: tea.KeyLeft},
			"right": {Code: tea.KeyRight}, "enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape},
			"end": {Code: tea.KeyEnd}, "home": {Code: tea.KeyHome}, "pgdown": {Code: tea.KeyPgDown},
			"backspace": {Code: tea.KeyBackspace}, "space": {Code: tea.KeySpace, Text: " "},
		}[key]
		if !ok {
			k = tea.Key{Code: []rune(key)[0], Text: key}
		}
		s.do(tea.KeyPressMsg(k))
	}
}

// screen returns the screen without colours, and checks that it fits.
func (s *session) screen() string {
	s.t.Helper()
	text := s.m.View().Content
	lines := strings.Split(ansi.Strip(text), "\n")
	if len(lines) != s.m.height {
		s.t.Errorf("%d lines on a screen of %d", len(lines), s.m.height)
	}
	for i, l := range lines {
		if ansi.StringWidth(l) > s.m.width {
			s.t.Errorf("line %d is %d columns wide: %q", i, ansi.StringWidth(l), l)
		}
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

func (s *session) want(parts ...string) {
	s.t.Helper()
	screen := s.screen()
	for _, p := range parts {
		if no, ok := strings.CutPrefix(p, "!"); ok == strings.Contains(screen, strings.TrimPrefix(no, "!")) {
			s.t.Errorf("want %q on the screen:\n%s", p, screen)
		}
	}
}

func TestRows(t *testing.T) {
	p := &fake{}
	s := begin(t, p)
	s.want("bank (pid 4711, go1.26.0, live)", "2 of 33 goroutines are stuck",
		"KIND     COUNT  AGE  WHAT\n>  deadlock     2  48s  goroutines 1 and 2", "sort: worst first", "q quit",
		"!TREND")
	// What grows and what is new is marked.
	s.look()
	s.look()
	s.want("TREND", "▁▄█ +2")
	s.press("end")
	s.want(">+ idle", "late.go:7")
	s.press("home")
	// The list moves, with arrows and as in vi, and the choice stays where it is.
	s.press("down", "j", "up")
	if s.m.list.at != 1 {
		t.Errorf("line %d is chosen", s.m.list.at)
	}
	s.press("end")
	s.want("!goroutines 1 and 2")
	s.press("home")
	s.want("> ", "goroutines 1 and 2")
	s.press("pgdown", "k", "G", "g")
	// Other orders.
	s.press("s", "s", "s")
	s.want("sort: growing first")
	if first := s.m.rows[0]; !strings.Contains(first.text, "worker.go:88") {
		t.Errorf("the first that grows is %q", first.text)
	}
	s.press("S")
	s.want("sort: oldest first")
	// What is frozen stays.
	s.press("f")
	looks := p.looks
	s.do(tick{s.m.number})
	s.want("FROZEN")
	if p.looks != looks {
		t.Error("it looks while it is frozen")
	}
	s.press("space")
	s.want("!FROZEN")
	// Only the program that is looked at counts.
	s.do(looked{number: s.m.number - 1, err: errors.New("too late")})
	s.want("!too late")
	s.do(looked{number: s.m.number, err: errors.New("the record is torn")})
	s.want("the record is torn")
}

func TestFilter(t *testing.T) {
	s := begin(t, &fake{})
	s.press("/", "W", "o", "r", "k", "x", "backspace", "q")
	s.want("/Workq", "nothing here has Workq")
	s.press("backspace", "enter")
	s.want("filter: Work (1 of 33)", "worker.go:88", "!other.go")
	s.press("/", "esc")
	s.want("other.go", "!filter:")
	s.press("/", "l", "o", "c", "k", "enter", "esc")
	s.want("other.go")
	if s.m.failed != nil {
		t.Error(s.m.failed)
	}
}

func TestDetail(t *testing.T) {
	p := &fake{}
	s := begin(t, p)
	s.press("enter")
	s.want("deadlock: goroutines 1 and 2 wait for each other", "fix: lock the two mutexes", "goroutine 1 of 2")
	s.press("right")
	s.want("goroutine 2 waits", "history, newest first", "goroutine 2 of 2", "!fix:")
	s.press("right", "left", "left")
	s.want("KIND")
	s.press("l", "esc")
	s.want("KIND")
	s.press("?")
	s.want("help", "next, previous order")
	s.press("x")
	s.want("KIND")
	// The mouse chooses, opens and scrolls.
	s.do(tea.MouseClickMsg{Y: 6})
	if s.m.list.at != 2 {
		t.Errorf("line %d is chosen", s.m.list.at)
	}
	s.do(tea.MouseClickMsg{Y: 6})
	s.want("goroutine 10 ")
	s.press("esc")
	s.do(tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	s.do(tea.MouseWheelMsg{Button: tea.MouseWheelUp})
	if s.m.list.at != 2 {
		t.Errorf("line %d is chosen", s.m.list.at)
	}
	s.press("q")
	if s.m.failed == nil {
		t.Error("q does not quit")
	}
}

func TestPrograms(t *testing.T) {
	s := begin(t, nil)
	s.want("which program?", ">     4711 live             33      2  bank", "      4712 exited")
	s.press("down", "enter")
	s.want("its record is gone")
	s.press("up", "enter")
	s.want("bank (pid 4711")
	p := s.m.program.(*fake)
	s.press("p")
	s.want("which program?")
	if !p.closed {
		t.Error("the program that is left is not closed")
	}
}

// TestSizes draws all pages on screens of all sizes.
func TestSizes(t *testing.T) {
	s := begin(t, &fake{})
	s.look()
	for _, keys := range [][]string{nil, {"enter"}, {"?"}, {"x", "esc", "p"}} {
		s.press(keys...)
		for _, size := range [][2]int{{1, 1}, {3, 5}, {20, 6}, {40, 10}, {80, 24}, {200, 60}} {
			s.do(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
			s.screen()
		}
	}
}

// TestFits: the text of help fits into 80 columns and 24 lines.
func TestFits(t *testing.T) {
	s := begin(t, &fake{})
	s.do(tea.WindowSizeMsg{Width: 80, Height: 24})
	s.press("?")
	lines := s.m.helpLines()
	if len(lines) > 23 {
		t.Errorf("help has %d lines", len(lines))
	}
	for _, line := range lines {
		if n := ansi.StringWidth(line); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestShorten(t *testing.T) {
	const text = "waiting in to.mu.Lock() at github.com/a/very/long/path/to/main.go:20 (main.transfer)"
	for width, want := range map[int]string{
		100: text,
		70:  "waiting in to.mu.Lock() at github.com/…/main.go:20 (main.transfer)",
		60:  "waiting in to.mu.Lock() at …/main.go:20 (main.transfer)",
		30:  "waiting in…20 (main.transfer)",
		3:   "wa…",
		0:   "",
	} {
		if got := shorten(text, width); got != want || ansi.StringWidth(got) > width {
			t.Errorf("%d: %q, want %q", width, got, want)
		}
	}
}

// inTerminal has this test binary show the fake, for TestTerminal.
const inTerminal = "AWAITTRACE_TEST_TOP"

func TestMain(m *testing.M) {
	if os.Getenv(inTerminal) == "" {
		os.Exit(m.Run())
	}
	if err := Run(context.Background(), &fake{}, Options{Every: 100 * time.Millisecond}); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("it has ended")
	time.Sleep(time.Minute)
}

// TestTerminal shows a program in tmux, screen by screen, in a terminal of 80 columns and 24 lines, with and without
// colour.
func TestTerminal(t *testing.T) {
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("no tmux here")
	}
	for _, env := range []string{"COLORTERM=truecolor", "NO_COLOR=1"} {
		t.Run(env, func(t *testing.T) {
			socket := t.TempDir() + "/tmux"
			tmux := func(args ...string) string {
				out, err := exec.Command("tmux",
					append([]string{"-S", socket, "-f", "/dev/null"}, args...)...).CombinedOutput()
				if err != nil {
					t.Fatalf("tmux %q: %v\n%s", args, err, out)
				}
				return string(out)
			}
			tmux("new-session", "-d", "-x", "80", "-y", "24", "exec env "+inTerminal+"=1 "+env+" "+os.Args[0])
			defer tmux("kill-server")
			until := func(want string) {
				t.Helper()
				screen := ""
				for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
					if screen = tmux("capture-pane", "-p"); strings.Contains(screen, want) {
						return
					}
				}
				t.Fatalf("no %q on the screen:\n%s", want, screen)
			}
			until(">  deadlock")
			colored := strings.Contains(tmux("capture-pane", "-p", "-e"), "31m")
			if colored == strings.HasPrefix(env, "NO") {
				t.Errorf("colour: %v", colored)
			}
			tmux("send-keys", "Down", "j")
			until("\n>  idle")
			tmux("send-keys", "k", "Up", "Enter")
			until("fix: lock the two mutexes")
			tmux("send-keys", "Escape")
			until("KIND")
			tmux("send-keys", "/", "late", "Enter")
			until("filter: late (1 of")
			tmux("resize-window", "-x", "60", "-y", "10")
			until("late.go:7")
			tmux("send-keys", "q")
			until("it has ended")
		})
	}
}
