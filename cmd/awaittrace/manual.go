//go:build !lite

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// A topic is a help page that is not about a verb.
type topic struct{ name, short, text string }

// A manual is the help on a command, from its table of verbs: pages in the form of the go command's, a man page, and
// completions for shells. Descriptions and topics are paragraphs, which are filled when they are shown; a line that
// begins with a space stays as it is.
type manual struct {
	app    *cli.App
	topics []topic
}

// helpWidth is the columns of help, for terminals of any width.
const helpWidth = 80

// overview writes the purpose of the command and the list of its verbs.
func (m manual) overview(w io.Writer) error {
	name := m.app.Name
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUsage:\n\n\t%s\n", fill(m.app.Description, helpWidth, ""), m.app.UsageText)
	for _, g := range m.groups() {
		fmt.Fprintf(&b, "\n%s:\n\n", g.name)
		for _, v := range g.verbs {
			entry(&b, v.Name, v.Usage)
		}
	}
	fmt.Fprintf(&b, "\nUse \"%s help <verb>\" for more about a verb.\n\nAdditional help topics:\n\n", name)
	for _, t := range m.topics {
		entry(&b, t.name, t.short)
	}
	fmt.Fprintf(&b, "\nUse \"%s help <topic>\" for more about a topic.\n", name)
	_, err := io.WriteString(w, b.String())
	return err
}

func entry(b *strings.Builder, name, short string) { fmt.Fprintf(b, "\t%-11s %s\n", name, short) }

// page writes the help on a verb or a topic, and reports whether there is one of that name.
func (m manual) page(w io.Writer, name string) (found bool, err error) {
	for _, t := range m.topics {
		if t.name == name {
			_, err := fmt.Fprintln(w, fill(t.text, helpWidth, ""))
			return true, err
		}
	}
	v := m.verb(name)
	if v == nil {
		return false, nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "usage: %s\n\n%s\n", m.synopsis(v), fill(v.Description, helpWidth, ""))
	for _, g := range flagGroups(v.Flags) {
		fmt.Fprintf(&b, "\n%s:\n", g.name)
		for _, f := range g.flags {
			fmt.Fprintf(&b, "\n\t%s\n%s\n", f.spelling(), fill(f.text(), helpWidth-16, "\t\t"))
		}
	}
	_, err = io.WriteString(w, b.String())
	return true, err
}

// names returns the names of all pages.
func (m manual) names() []string {
	var names []string
	for _, v := range m.app.Commands {
		if !v.Hidden {
			names = append(names, v.Name)
		}
	}
	for _, t := range m.topics {
		names = append(names, t.name)
	}
	return names
}

func (m manual) verb(name string) *cli.Command {
	for _, v := range m.app.Commands {
		if v.Name == name && !v.Hidden {
			return v
		}
	}
	return nil
}

// synopsis returns a verb with its arguments.
func (m manual) synopsis(v *cli.Command) string {
	s := m.app.Name + " " + v.Name
	if len(v.Flags) > 0 {
		s += " [flags]"
	}
	if v.ArgsUsage != "" {
		s += " " + v.ArgsUsage
	}
	return s
}

// A group is verbs, or flags, of one category.
type group struct {
	name  string
	verbs []*cli.Command
	flags []flagDoc
}

// groups returns the verbs by category, in the order of the table.
func (m manual) groups() (list []*group) {
	for _, v := range m.app.Commands {
		if !v.Hidden {
			g := grouped(&list, v.Category)
			g.verbs = append(g.verbs, v)
		}
	}
	return list
}

func flagGroups(flags []cli.Flag) (list []*group) {
	for _, f := range flags {
		doc := f.(cli.DocGenerationFlag)
		name := "Flags"
		if c, ok := f.(cli.CategorizableFlag); ok && c.GetCategory() != "" {
			name = c.GetCategory()
		}
		g := grouped(&list, name)
		g.flags = append(g.flags, flagDoc{doc})
	}
	return list
}

func grouped(list *[]*group, name string) *group {
	for _, g := range *list {
		if g.name == name {
			return g
		}
	}
	g := &group{name: name}
	*list = append(*list, g)
	return g
}

// A flagDoc is the documentation of a verb's flag.
type flagDoc struct{ cli.DocGenerationFlag }

func (f flagDoc) name() string { return f.Names()[0] }

// value returns the placeholder of the flag's value, or "" for a boolean.
func (f flagDoc) value() string {
	if !f.TakesValue() {
		return ""
	}
	if _, rest, ok := strings.Cut(f.GetUsage(), "`"); ok {
		name, _, _ := strings.Cut(rest, "`")
		return name
	}
	return "VALUE"
}

// spelling returns how the flag is written: -after D.
func (f flagDoc) spelling() string {
	return strings.TrimSpace("-" + f.name() + " " + f.value())
}

// text returns what the flag is for, and its default.
func (f flagDoc) text() string {
	s := strings.ReplaceAll(f.GetUsage(), "`", "")
	if d := f.initial(); d != "" {
		s += " (default " + d + ")"
	}
	return s
}

// initial returns the flag's default, or "" if it is the zero value of its type.
func (f flagDoc) initial() string {
	switch f := f.DocGenerationFlag.(type) {
	case *cli.BoolFlag:
		return ""
	case *cli.StringFlag:
		if f.DefaultText == "" {
			return f.Value
		}
	case *cli.IntFlag:
		if f.DefaultText == "" && f.Value == 0 {
			return ""
		}
	case *cli.Int64Flag:
		if f.DefaultText == "" && f.Value == 0 {
			return ""
		}
	case *cli.DurationFlag:
		if f.DefaultText == "" && f.Value == 0 {
			return ""
		}
	}
	return f.GetDefaultText()
}

// fill breaks paragraphs into lines of at most so many columns, each with indent before it.
func fill(text string, columns int, indent string) string {
	var lines []string
	column := 0 // zero: the next word begins a line
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if line == "" || line[0] == ' ' || line[0] == '\t' {
			lines, column = append(lines, strings.TrimRight(indent+line, " \t")), 0
			continue
		}
		for word := range strings.FieldsSeq(line) {
			if column == 0 || column+1+len(word) > columns {
				lines, column = append(lines, indent+word), len(word)
				continue
			}
			lines[len(lines)-1] += " " + word
			column += 1 + len(word)
		}
	}
	return strings.Join(lines, "\n")
}
