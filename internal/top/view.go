package top

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/report"
)

// The styles. Words and marks say the same for a terminal without colour.
var (
	bold   = lipgloss.NewStyle().Bold(true)
	faint  = lipgloss.NewStyle().Faint(true)
	chosen = lipgloss.NewStyle().Reverse(true)
	ranks  = []lipgloss.Style{
		rankCertain:  lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Red),
		rankLikely:   lipgloss.NewStyle().Foreground(lipgloss.Yellow),
		rankPossible: lipgloss.NewStyle(),
		rankSick:     lipgloss.NewStyle().Foreground(lipgloss.Yellow),
		rankHealthy:  lipgloss.NewStyle(),
	}
	well = lipgloss.NewStyle().Foreground(lipgloss.Green)
)

// head returns the number of lines above the list, and room that of the list.
func (m *Model) head() int {
	if m.page == pagePrograms {
		return 3
	}
	return 4
}

func (m *Model) room() int { return max(1, m.height-m.head()-1) }

// View draws the screen.
func (m *Model) View() tea.View {
	v := tea.View{AltScreen: true, MouseMode: tea.MouseModeCellMotion, WindowTitle: "awaittrace top"}
	if m.width == 0 || m.height == 0 {
		return v
	}
	var lines []string
	switch m.page {
	case pageHelp:
		lines = m.helpLines()
	case pagePrograms:
		lines = m.programLines()
	default:
		lines = m.programHead()
		if m.page == pageDetail {
			lines = append(lines, m.text[min(m.detail.top, len(m.text)):min(m.detail.top+m.room(), len(m.text))]...)
		} else {
			lines = append(lines, m.rowLines()...)
		}
	}
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	lines = append(lines[:m.height-1], faint.Render(m.foot()))
	for i, l := range lines {
		lines[i] = ansi.Truncate(l, m.width, "…")
	}
	v.SetContent(strings.Join(lines, "\n"))
	return v
}

// foot returns the last line: the keys, or the filter being typed.
func (m *Model) foot() string {
	switch {
	case m.filtering:
		return "/" + m.filter + "▏  enter keeps the filter, esc drops it"
	case m.page == pageHelp:
		return "any key: back"
	case m.page == pagePrograms:
		return "↑↓ move  enter look at it  ? help  q quit"
	case m.page == pageDetail && len(m.about.ids) > 1:
		return fmt.Sprintf("goroutine %d of %d  ←→ others  ↑↓ scroll  esc back  ? help  q quit", m.which+1,
			len(m.about.ids))
	case m.page == pageDetail:
		return "↑↓ scroll  esc back  r look again  ? help  q quit"
	}
	return "↑↓ move  enter detail  / filter  s sort  f freeze  p programs  ? help  q quit"
}

// programHead returns the lines above the list of rows: program, verdict, order and filter, columns.
func (m *Model) programHead() []string {
	if m.last == nil {
		return []string{"looking …", "", "", ""}
	}
	verdict := well
	if m.last.Bad() > 0 {
		verdict = ranks[rankCertain]
	}
	how := "sort: " + orders[m.order].name
	if m.filter != "" {
		how += fmt.Sprintf("   filter: %s (%d of %d)", m.filter, len(m.rows), len(m.all))
	}
	if m.frozen {
		how += "   FROZEN"
	}
	if m.note != "" {
		how = report.SafeLine(m.note)
	}
	columns := "   " + m.columns("KIND", "COUNT", "TREND", "AGE") + "WHAT"
	if m.page == pageDetail {
		columns = ""
	}
	return []string{bold.Render(report.SafeLine(report.Program(m.last))),
		verdict.Render(report.SafeLine(report.Verdict(m.last))), faint.Render(how), faint.Render(columns)}
}

func (m *Model) rowLines() []string {
	if len(m.rows) == 0 && m.last != nil {
		return []string{"", "   nothing here has " + m.filter}
	}
	var lines []string
	for i := m.list.top; i < min(m.list.top+m.room(), len(m.rows)); i++ {
		lines = append(lines, m.rowLine(&m.rows[i], i == m.list.at))
	}
	return lines
}

// columns aligns the columns before the text of a row. A column is as wide as its content, and an empty one is left
// out.
func (m *Model) columns(kind, count, trend, age string) string {
	wide := [4]int{len("KIND"), len("COUNT"), 0, len("AGE")}
	for i := range m.rows {
		w := &m.rows[i]
		for j, s := range []string{w.kind, fmt.Sprint(len(w.ids)), w.drawn(), w.oldest()} {
			wide[j] = max(wide[j], ansi.StringWidth(s))
		}
	}
	s := kind + strings.Repeat(" ", wide[0]-ansi.StringWidth(kind)) + " " +
		strings.Repeat(" ", wide[1]-len(count)) + count
	if wide[2] > 0 { // what is drawn is wider than its name
		wide[2] = max(wide[2], len("TREND"))
		s += "  " + trend + strings.Repeat(" ", wide[2]-ansi.StringWidth(trend))
	}
	return s + "  " + strings.Repeat(" ", wide[3]-ansi.StringWidth(age)) + age + "  "
}

// drawn returns the trend of a row as a sparkline and a number, or "" if it has none.
func (w *row) drawn() string {
	if spark := w.spark(); spark != "" {
		return fmt.Sprintf("%s %+d", spark, w.grown())
	}
	return ""
}

// oldest returns the age of a row, or "" if it is unknown.
func (w *row) oldest() string {
	if w.age == 0 {
		return ""
	}
	return diagnose.Duration(w.age)
}

// rowLine returns one row. A plus sign marks a new one.
func (m *Model) rowLine(w *row, isChosen bool) string {
	mark := "  "
	if m.past.isNew(w) {
		mark = "+ "
	}
	head := m.columns(w.kind, fmt.Sprint(len(w.ids)), w.drawn(), w.oldest())
	text := shorten(w.text, m.width-ansi.StringWidth(head)-3)
	if isChosen {
		line := ">" + mark + head + text
		return chosen.Render(line + strings.Repeat(" ", max(0, m.width-ansi.StringWidth(line))))
	}
	return " " + mark + ranks[w.rank].Render(head) + text
}

func (m *Model) programLines() []string {
	lines := []string{bold.Render("awaittrace top: which program?"), faint.Render(report.SafeLine(m.note)),
		faint.Render(fmt.Sprintf("  %8s %-8s %10s %6s  %s", "PID", "STATE", "GOROUTINES", "STUCK", "PROGRAM"))}
	if len(m.entries) == 0 {
		return append(lines, "", "  there is no program with probes; awaittrace run builds and starts one")
	}
	for i := m.list.top; i < min(m.list.top+m.room(), len(m.entries)); i++ {
		e := &m.entries[i]
		line := fmt.Sprintf(" %8s %-8s %10d %6d  %s", e.Arg, e.State, e.Goroutines, e.Stuck, report.SafeLine(e.Name))
		switch {
		case i == m.list.at:
			lines = append(lines, chosen.Render(">"+line+strings.Repeat(" ", max(0, m.width-1-ansi.StringWidth(line)))))
		case e.Stuck > 0:
			lines = append(lines, " "+ranks[rankCertain].Render(line))
		default:
			lines = append(lines, " "+line)
		}
	}
	return lines
}

// tell renders the page about a row.
func (m *Model) tell() {
	if m.about == nil || m.last == nil {
		return
	}
	var b strings.Builder
	// A strings.Builder takes all.
	if m.about.finding != nil && m.which == 0 {
		_ = report.Findings(&b, m.last, []diagnose.Finding{*m.about.finding}, report.TextOptions{})
		b.WriteString("\n")
	}
	if m.which < len(m.about.ids) {
		id := m.about.ids[m.which]
		if err := report.TextGoroutine(&b, m.last, id); err != nil {
			fmt.Fprintf(&b, "goroutine %d has exited\n", id)
		}
		_ = report.TextStack(&b, m.last, id)
	}
	m.text = nil
	for line := range strings.Lines(b.String()) {
		line = strings.TrimRight(line, "\n")
		indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
		for i, part := range strings.Split(ansi.Wrap(line, max(m.width-len(indent)-2, 20), ""), "\n") {
			if i > 0 {
				part = indent + "  " + part
			}
			m.text = append(m.text, part)
		}
	}
	m.move(0)
}

// help describes the keys.
const help = `
  ↑ ↓ k j        move              PgUp PgDn ^U ^D  a screen
  Home End g G   first, last       Enter → l        all about the row
  Esc ← h        back              ← → h l          the row's other goroutines
  /              filter            s S              next, previous order
  f Space        freeze, go on     r                look now
  p              other programs    q ^C             quit

  Findings come first, the worst on top. Groups of goroutines at the same place
  follow. COUNT is the number of goroutines of a row, AGE the oldest wait.
  A plus sign marks a row that is new within ten looks. TREND draws how COUNT
  changed within a minute, and says by how many.

  The list comes from the program's record and does not stop it. Opening a row
  stops it for a moment, to read states and stacks.
  A click chooses a row, a second one opens it. The wheel scrolls.`

func (m *Model) helpLines() []string {
	return append([]string{bold.Render("awaittrace top: help")}, strings.Split(help, "\n")...)
}
