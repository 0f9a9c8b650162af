package top

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/awaittrace/awaittrace/internal/diagnose"
)

// A Program is the program that top shows.
type Program interface {
	// Report diagnoses the program. With stop it stops the program for a moment, to read states and stacks.
	Report(ctx context.Context, stop bool) (*diagnose.Report, error)
	Close()
}

// An Entry is a program that the user can choose. Open takes its Arg.
type Entry struct {
	Arg, State, Name  string
	Goroutines, Stuck int
}

// Options say where programs come from.
type Options struct {
	Programs func(context.Context) ([]Entry, error)
	Open     func(arg string) (Program, error)
	Every    time.Duration // between two looks; zero: only when the user asks
}

// Run shows program until the user quits. If program is nil, the user chooses one. Run closes program.
func Run(ctx context.Context, program Program, opt Options, terminal ...tea.ProgramOption) error {
	m := &Model{ctx: ctx, opt: opt}
	m.show(program)
	_, err := tea.NewProgram(m, append(terminal, tea.WithContext(ctx))...).Run()
	m.show(nil)
	if err == nil {
		err = m.failed
	}
	return err
}

// A page is one kind of screen.
type page int

const (
	pagePrograms page = iota
	pageRows
	pageDetail
	pageHelp
)

// A Model holds the state of the screen and handles keys. It implements [tea.Model].
type Model struct {
	ctx           context.Context
	opt           Options
	width, height int

	page   page
	before page // behind help
	failed error

	entries []Entry
	program Program // nil: none is chosen
	number  int     // counts the programs that were looked at: answers about earlier ones are late
	last    *diagnose.Report
	note    string // why there was no look
	frozen  bool
	past    history
	all     []row // of the last look

	rows      []row  // those that are shown
	key       string // of the row that is chosen
	list      scroll
	order     int
	filter    string
	filtering bool

	detail scroll
	text   []string // of the detail
	about  *row
	which  int // of the row's goroutines
}

// A scroll is the position in a list: the chosen line, and the first that is shown.
type scroll struct{ at, top int }

// move moves the choice by n lines in a list of size lines. The screen shows so many.
func (s *scroll) move(n, size, shown int) {
	s.at = max(0, min(s.at+n, size-1))
	s.top = max(0, min(s.top, s.at), s.at-shown+1)
}

// The messages.
type (
	tick    struct{ number int }
	entries struct {
		list []Entry
		err  error
	}
	looked struct {
		number int
		report *diagnose.Report
		err    error
		detail bool // it is for the page about a row
	}
)

// show shows another program, or the list of them.
func (m *Model) show(p Program) {
	if m.program != nil {
		m.program.Close()
	}
	*m = Model{ctx: m.ctx, opt: m.opt, width: m.width, height: m.height, number: m.number + 1, program: p,
		failed: m.failed}
	if p != nil {
		m.page = pageRows
	}
}

// Init starts the first look.
func (m *Model) Init() tea.Cmd { return tea.Batch(m.look(false), m.wait()) }

// look looks at the program, or for programs.
func (m *Model) look(stop bool) tea.Cmd {
	ctx, p, number, programs := m.ctx, m.program, m.number, m.opt.Programs
	if p == nil {
		return func() tea.Msg {
			list, err := programs(ctx)
			return entries{list, err}
		}
	}
	return func() tea.Msg {
		r, err := p.Report(ctx, stop)
		return looked{number, r, err, stop}
	}
}

// wait waits for the time of the next look.
func (m *Model) wait() tea.Cmd {
	if m.opt.Every == 0 {
		return nil
	}
	number := m.number
	return tea.Tick(m.opt.Every, func(time.Time) tea.Msg { return tick{number} })
}

// Update handles a message.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.arrange()
		m.tell()
	case tick:
		if msg.number != m.number {
			return m, nil
		}
		if m.frozen || m.page == pageDetail {
			return m, m.wait()
		}
		return m, tea.Batch(m.look(false), m.wait())
	case entries:
		if msg.err != nil {
			m.failed = msg.err
			return m, tea.Quit
		}
		m.entries = msg.list
		m.list.move(0, len(m.entries), m.room())
	case looked:
		return m, m.take(msg)
	case tea.KeyPressMsg:
		return m, m.press(msg)
	case tea.MouseWheelMsg:
		n := 3
		if msg.Button == tea.MouseWheelUp {
			n = -3
		}
		m.move(n)
	case tea.MouseClickMsg:
		return m, m.click(msg.Y)
	}
	return m, nil
}

// take handles the result of a look.
func (m *Model) take(l looked) tea.Cmd {
	switch {
	case l.number != m.number || !l.detail && m.frozen:
		return nil
	case l.err != nil && m.last == nil:
		m.failed = l.err
		return tea.Quit
	case l.err != nil:
		m.note = l.err.Error()
		return nil
	}
	m.last, m.note = l.report, ""
	m.all = rowsOf(l.report)
	m.past.add(m.all)
	m.arrange()
	if l.detail && m.about != nil {
		if i := slices.IndexFunc(m.all, func(w row) bool { return w.key == m.about.key }); i >= 0 {
			m.about = &m.all[i]
		}
		m.tell()
	}
	return nil
}

// arrange sorts and filters the rows, and keeps the chosen row.
func (m *Model) arrange() {
	if m.program == nil {
		return
	}
	m.rows = arrange(m.all, orders[m.order], m.filter)
	if i := slices.IndexFunc(m.rows, func(w row) bool { return w.key == m.key }); i >= 0 && m.key != "" {
		m.list.at = i
	}
	m.move(0)
}

// move moves the choice on the page.
func (m *Model) move(n int) {
	switch m.page {
	case pagePrograms:
		m.list.move(n, len(m.entries), m.room())
	case pageDetail:
		// The page moves, not a line on it.
		m.detail.top = max(0, min(m.detail.top+n, len(m.text)-m.room()))
	case pageRows:
		m.list.move(n, len(m.rows), m.room())
		if m.key = ""; m.list.at < len(m.rows) && m.list.at > 0 {
			m.key = m.rows[m.list.at].key // the first line stays the first, whatever comes there
		}
	}
}

// press handles a key.
func (m *Model) press(k tea.KeyPressMsg) tea.Cmd {
	key := k.String()
	switch {
	case key == "ctrl+c":
		return tea.Quit
	case m.filtering:
		m.typed(k)
		return nil
	case m.page == pageHelp:
		if m.page = m.before; key == "q" {
			return tea.Quit
		}
		return nil
	}
	switch key {
	case "q":
		return tea.Quit
	case "?":
		m.page, m.before = pageHelp, m.page
	case "up", "k":
		m.move(-1)
	case "down", "j":
		m.move(1)
	case "pgup", "ctrl+u", "ctrl+b":
		m.move(-m.room())
	case "pgdown", "ctrl+d", "ctrl+f":
		m.move(m.room())
	case "home", "g":
		m.move(-1 << 30)
	case "end", "G":
		m.move(1 << 30)
	case "enter":
		return m.open()
	case "esc":
		m.back()
	case "p":
		m.show(nil)
		return m.Init()
	case "r":
		return m.look(m.page == pageDetail)
	case "left", "h", "right", "l", "tab":
		return m.sideways(key)
	default:
		m.pressRow(key)
	}
	return nil
}

// pressRow handles the keys of the list of rows.
func (m *Model) pressRow(key string) {
	if m.page != pageRows {
		return
	}
	switch key {
	case "s":
		m.order = (m.order + 1) % len(orders)
	case "S":
		m.order = (m.order + len(orders) - 1) % len(orders)
	case "/":
		m.filtering = true
	case "f", "space":
		m.frozen = !m.frozen
	}
	m.arrange()
}

// sideways goes to the next or previous goroutine of a row, or enters or leaves the row.
func (m *Model) sideways(key string) tea.Cmd {
	back := key == "left" || key == "h"
	switch {
	case m.page != pageDetail && !back && key != "tab":
		return m.open()
	case m.page != pageDetail || m.about == nil:
		return nil
	case back && m.which > 0:
		m.which--
	case back:
		m.back()
		return nil
	case m.which < len(m.about.ids)-1:
		m.which++
	}
	m.detail = scroll{}
	m.tell()
	return nil
}

// typed edits the filter.
func (m *Model) typed(k tea.KeyPressMsg) {
	switch key := k.String(); {
	case key == "enter":
		m.filtering = false
	case key == "esc":
		m.filtering, m.filter = false, ""
	case key == "backspace":
		if r := []rune(m.filter); len(r) > 0 {
			m.filter = string(r[:len(r)-1])
		}
	case key == "ctrl+u":
		m.filter = ""
	default:
		m.filter += strings.Map(func(r rune) rune {
			if r < ' ' {
				return -1
			}
			return r
		}, k.Text)
	}
	m.arrange()
}

// open opens what is chosen.
func (m *Model) open() tea.Cmd {
	switch {
	case m.page == pagePrograms && m.list.at < len(m.entries):
		p, err := m.opt.Open(m.entries[m.list.at].Arg)
		if err != nil {
			m.note = err.Error()
			return nil
		}
		m.show(p)
		return m.Init()
	case m.page == pageRows && m.list.at < len(m.rows):
		w := m.rows[m.list.at]
		m.page, m.about, m.which, m.detail = pageDetail, &w, 0, scroll{}
		m.tell()
		if m.frozen {
			return nil
		}
		return m.look(true)
	}
	return nil
}

// back leaves a page, or drops the filter.
func (m *Model) back() {
	switch m.page {
	case pageDetail:
		m.page, m.about = pageRows, nil
	case pageRows:
		m.filter = ""
	}
	m.arrange()
}

// click chooses a line, or opens it if it is chosen already.
func (m *Model) click(y int) tea.Cmd {
	if m.page != pageRows && m.page != pagePrograms {
		return nil
	}
	at := y - m.head() + m.list.top
	if y < m.head() || y >= m.head()+m.room() || at >= max(len(m.rows), len(m.entries)) {
		return nil
	}
	if at == m.list.at {
		return m.open()
	}
	m.move(at - m.list.at)
	return nil
}
