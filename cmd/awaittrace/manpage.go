//go:build !lite

package main

import (
	"fmt"
	"io"
	"strings"
)

// man writes the command's manual page, section 1.
func (m manual) man(w io.Writer, version string) error {
	r := &roff{}
	name := m.app.Name
	fmt.Fprintf(r, ".TH %s 1 \"\" \"%s\" \"User Commands\"\n", strings.ToUpper(name), escape(version))
	r.section("NAME")
	r.text(name + " - " + m.app.Usage)
	r.section("SYNOPSIS")
	fmt.Fprintf(r, ".B %s\n%s\n", name, escape(strings.TrimPrefix(m.app.UsageText, name+" ")))
	r.section("DESCRIPTION")
	r.text(m.app.Description)
	r.section("VERBS")
	for _, v := range m.app.Commands {
		if v.Hidden {
			continue
		}
		fmt.Fprintf(r, ".SS %s\n", escape(m.synopsis(v)))
		r.text(v.Description)
		for _, g := range flagGroups(v.Flags) {
			r.text(g.name + ":")
			for _, f := range g.flags {
				fmt.Fprintf(r, ".TP\n.B %s\n", escape(f.spelling()))
				r.text(f.text())
			}
			fmt.Fprintln(r, ".PP")
		}
	}
	for _, t := range m.topics {
		r.section(strings.ToUpper(t.name))
		r.text(t.text)
	}
	_, err := io.WriteString(w, r.String())
	return err
}

// A roff writes text in the language of man pages.
type roff struct{ strings.Builder }

func (r *roff) section(name string) { fmt.Fprintf(r, ".SH %s\n", name) }

// text writes paragraphs, where lines that begin with a space stay as they are.
func (r *roff) text(text string) {
	var prose, kept []string
	flush := func() {
		if len(prose) > 0 {
			fmt.Fprintf(r, "%s\n", escape(strings.Join(prose, "\n")))
		}
		if len(kept) > 0 {
			fmt.Fprintf(r, ".PP\n.nf\n%s\n.fi\n", escape(strings.Join(kept, "\n")))
		}
		prose, kept = nil, nil
	}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case line == "":
			flush()
			fmt.Fprintln(r, ".PP")
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
