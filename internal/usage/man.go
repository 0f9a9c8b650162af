package usage

import (
	"fmt"
	"io"
	"strings"
)

// Man writes the command's manual page, section 1.
func (c Command) Man(w io.Writer, version string) error {
	m := &manual{}
	name := c.App.Name
	fmt.Fprintf(m, ".TH %s 1 \"\" \"%s\" \"User Commands\"\n", strings.ToUpper(name), escape(version))
	m.section("NAME")
	m.text(name + " - " + c.App.Usage)
	m.section("SYNOPSIS")
	fmt.Fprintf(m, ".B %s\n%s\n", name, escape(strings.TrimPrefix(c.App.UsageText, name+" ")))
	m.section("DESCRIPTION")
	m.text(c.App.Description)
	m.section("VERBS")
	for _, v := range c.App.Commands {
		if v.Hidden {
			continue
		}
		fmt.Fprintf(m, ".SS %s\n", escape(c.synopsis(v)))
		m.text(v.Description)
		for _, g := range flagGroups(v.Flags) {
			m.text(g.name + ":")
			for _, f := range g.flags {
				fmt.Fprintf(m, ".TP\n.B %s\n", escape(f.spelling()))
				m.text(f.text())
			}
			fmt.Fprintln(m, ".PP")
		}
	}
	for _, t := range c.Topics {
		m.section(strings.ToUpper(t.Name))
		m.text(t.Text)
	}
	_, err := io.WriteString(w, m.String())
	return err
}

// A manual writes text in the language of man pages.
type manual struct{ strings.Builder }

func (m *manual) section(name string) { fmt.Fprintf(m, ".SH %s\n", name) }

// text writes paragraphs, where lines that begin with a space stay as they are.
func (m *manual) text(text string) {
	var prose, kept []string
	flush := func() {
		if len(prose) > 0 {
			fmt.Fprintf(m, "%s\n", escape(strings.Join(prose, "\n")))
		}
		if len(kept) > 0 {
			fmt.Fprintf(m, ".PP\n.nf\n%s\n.fi\n", escape(strings.Join(kept, "\n")))
		}
		prose, kept = nil, nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "":
			flush()
			fmt.Fprintln(m, ".PP")
		case line[0] == ' ' || line[0] == '\t':
			if len(prose) > 0 {
				flush()
			}
			kept = append(kept, line)
		default:
			if len(kept) > 0 {
				flush()
			}
			prose = append(prose, line)
		}
	}
	flush()
}

// escape returns text such that a man page shows it literally.
func escape(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
