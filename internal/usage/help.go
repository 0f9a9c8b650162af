// Package usage writes a command's help, in the form of the go command's, its man page, and completions for shells,
// from one table, the verbs of a [cli.App].
package usage

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// A Topic is a help page that is not about a verb.
type Topic struct {
	Name, Short, Text string
}

// A Command is a command with its help pages. Descriptions and topics are paragraphs, which are filled when they are
// shown; a line that begins with a space stays as it is.
type Command struct {
	App    *cli.App
	Topics []Topic
}

// columns is the width of help, for terminals of any width.
const columns = 80

// Overview writes the purpose of the command and the list of its verbs.
func (c Command) Overview(w io.Writer) error {
	name := c.App.Name
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\nUsage:\n\n\t%s\n", fill(c.App.Description, columns, ""), c.App.UsageText)
	for _, g := range c.groups() {
		fmt.Fprintf(&b, "\n%s:\n\n", g.name)
		for _, v := range g.verbs {
			entry(&b, v.Name, v.Usage)
		}
	}
	fmt.Fprintf(&b, "\nUse \"%s help <verb>\" for more about a verb.\n\nAdditional help topics:\n\n", name)
	for _, topic := range c.Topics {
		entry(&b, topic.Name, topic.Short)
	}
	fmt.Fprintf(&b, "\nUse \"%s help <topic>\" for more about a topic.\n", name)
	_, err := io.WriteString(w, b.String())
	return err
}

func entry(b *strings.Builder, name, short string) { fmt.Fprintf(b, "\t%-11s %s\n", name, short) }

// Page writes the help on a verb or a topic, and reports whether there is one of that name.
func (c Command) Page(w io.Writer, name string) (found bool, err error) {
	for _, topic := range c.Topics {
		if topic.Name == name {
			_, err := fmt.Fprintln(w, fill(topic.Text, columns, ""))
			return true, err
		}
	}
	v := c.verb(name)
	if v == nil {
		return false, nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "usage: %s\n\n%s\n", c.synopsis(v), fill(v.Description, columns, ""))
	for _, g := range flagGroups(v.Flags) {
		fmt.Fprintf(&b, "\n%s:\n", g.name)
		for _, f := range g.flags {
			fmt.Fprintf(&b, "\n\t%s\n%s\n", f.spelling(), fill(f.text(), columns-16, "\t\t"))
		}
	}
	_, err = io.WriteString(w, b.String())
	return true, err
}

// Names returns the names of all pages.
func (c Command) Names() []string {
	var names []string
	for _, v := range c.App.Commands {
		if !v.Hidden {
			names = append(names, v.Name)
		}
	}
	for _, t := range c.Topics {
		names = append(names, t.Name)
	}
	return names
}

func (c Command) verb(name string) *cli.Command {
	for _, v := range c.App.Commands {
		if v.Name == name && !v.Hidden {
			return v
		}
	}
	return nil
}

// synopsis returns a verb with its arguments.
func (c Command) synopsis(v *cli.Command) string {
	s := c.App.Name + " " + v.Name
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
	flags []flag
}

// groups returns the verbs by category, in the order of the table.
func (c Command) groups() (list []*group) {
	for _, v := range c.App.Commands {
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
		g.flags = append(g.flags, flag{doc})
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

// A flag is a flag of a verb.
type flag struct{ cli.DocGenerationFlag }

func (f flag) name() string { return f.Names()[0] }

// value returns the placeholder of the flag's value, or "" for a boolean.
func (f flag) value() string {
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
func (f flag) spelling() string {
	return strings.TrimSpace("-" + f.name() + " " + f.value())
}

// text returns what the flag is for, and its default.
func (f flag) text() string {
	s := strings.ReplaceAll(f.GetUsage(), "`", "")
	if d := f.initial(); d != "" {
		s += " (default " + d + ")"
	}
	return s
}

// initial returns the flag's default, or "" if it is that of its type.
func (f flag) initial() string {
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
