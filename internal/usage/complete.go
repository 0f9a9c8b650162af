package usage

import (
	_ "embed"
	"strings"

	"github.com/urfave/cli/v2"
)

// Values supplies what completions need besides the table of verbs.
type Values struct {
	// Flag returns the values of a flag in the command line words, and reports whether files may be values.
	Flag func(verb, flag string, words []string) (list []Candidate, files bool)
	// Args returns the arguments of a verb, and reports whether files may be arguments.
	Args func(verb string, words []string) (list []Candidate, files bool)
	// More returns the go command's flags of a verb, and whether each takes a value.
	More func(verb string) map[string]bool
}

// A Candidate is a completion of the word at the cursor.
type Candidate struct{ Word, About string }

// Complete returns the candidates for the last of words, which follow the name of the command. Each begins with that
// word. Files reports whether a file name may stand there too.
func (c Command) Complete(words []string, v Values) (list []Candidate, files bool) {
	if len(words) == 0 {
		return nil, false
	}
	before, last := words[:len(words)-1], words[len(words)-1]
	// Most shells pass -f=html as one word; bash passes -f, = and html.
	flag, value, joined := strings.Cut(last, "=")
	if joined && (flag == "" || strings.HasPrefix(flag, "-")) {
		if flag != "" {
			before, flag = append(before[:len(before):len(before)], flag), flag+"="
		}
		last = value
	} else {
		flag = ""
		if n := len(before); n > 1 && before[n-1] == "=" {
			before = before[:n-1]
		}
	}
	list, files = c.candidates(before, last, v)
	fitting := list[:0]
	for _, l := range list {
		if strings.HasPrefix(l.Word, last) {
			fitting = append(fitting, Candidate{flag + l.Word, l.About})
		}
	}
	return fitting, files
}

func (c Command) candidates(before []string, last string, v Values) (list []Candidate, files bool) {
	if len(before) == 0 {
		return c.pages(false), false
	}
	if before[0] == "help" {
		return c.pages(true), false
	}
	verb := c.verb(before[0])
	if verb == nil {
		return nil, false
	}
	more := v.More(verb.Name)
	if name, takes := takesValue(verb, before[len(before)-1], more); takes && len(before) > 1 {
		return v.Flag(verb.Name, name, before[1:])
	}
	if !strings.HasPrefix(last, "-") {
		return v.Args(verb.Name, before[1:])
	}
	dashes := last[:min(len(last), 1)]
	if strings.HasPrefix(last, "--") {
		dashes = "--"
	}
	for _, g := range flagGroups(verb.Flags) {
		for _, f := range g.flags {
			about, _, _ := strings.Cut(strings.ReplaceAll(f.GetUsage(), "`", ""), "\n")
			list = append(list, Candidate{dashes + f.name(), about})
		}
	}
	for name := range more {
		list = append(list, Candidate{dashes + name, "as with go " + verb.Name})
	}
	return list, false
}

// takesValue returns the name of the flag in word, and reports whether the next word is its value.
func takesValue(verb *cli.Command, word string, more map[string]bool) (name string, takes bool) {
	name, ok := strings.CutPrefix(word, "-")
	if !ok || strings.Contains(word, "=") {
		return "", false
	}
	name = strings.TrimPrefix(name, "-")
	for _, f := range verb.Flags {
		if doc := f.(cli.DocGenerationFlag); doc.Names()[0] == name {
			return name, doc.TakesValue()
		}
	}
	return name, more[name]
}

// pages returns the verbs and, with topics, the topics of help.
func (c Command) pages(topics bool) (list []Candidate) {
	for _, v := range c.App.Commands {
		if !v.Hidden {
			list = append(list, Candidate{v.Name, v.Usage})
		}
	}
	for _, t := range c.Topics {
		if topics {
			list = append(list, Candidate{t.Name, t.Short})
		}
	}
	return list
}

//go:embed completion.bash
var bash string

//go:embed completion.zsh
var zsh string

//go:embed completion.fish
var fish string

// Shells are the shells that Script knows.
var Shells = []string{"bash", "zsh", "fish"}

// Script returns the completion script for a shell, or "" for an unknown one. The script calls the hidden verb complete.
func Script(shell string) string {
	return map[string]string{"bash": bash, "zsh": zsh, "fish": fish}[shell]
}
