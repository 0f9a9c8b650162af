//go:build !lite

package main

import (
	"embed"
	"strings"

	"github.com/urfave/cli/v2"
)

// A values supplies what completions need besides the table of verbs.
type values struct {
	// flag returns the values of a flag in the command line words, and reports whether files may be values.
	flag func(verb, flag string, words []string) (list []candidate, files bool)
	// args returns the arguments of a verb, and reports whether files may be arguments.
	args func(verb string, words []string) (list []candidate, files bool)
	// more returns the go command's flags of a verb, and whether each takes a value.
	more func(verb string) map[string]bool
}

// A candidate is a completion of the word at the cursor.
type candidate struct{ word, about string }

// complete returns the candidates for the last of words, which follow the name of the command. Each begins with that
// word. files reports whether a file name may stand there too.
func (m manual) complete(words []string, v values) (list []candidate, files bool) {
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
	list, files = m.candidates(before, last, v)
	fitting := list[:0]
	for _, l := range list {
		if strings.HasPrefix(l.word, last) {
			fitting = append(fitting, candidate{flag + l.word, l.about})
		}
	}
	return fitting, files
}

func (m manual) candidates(before []string, last string, v values) (list []candidate, files bool) {
	if len(before) == 0 {
		return m.pages(false), false
	}
	if before[0] == "help" {
		return m.pages(true), false
	}
	verb := m.verb(before[0])
	if verb == nil {
		return nil, false
	}
	more := v.more(verb.Name)
	if name, takes := takesValue(verb, before[len(before)-1], more); takes && len(before) > 1 {
		return v.flag(verb.Name, name, before[1:])
	}
	if !strings.HasPrefix(last, "-") {
		return v.args(verb.Name, before[1:])
	}
	dashes := last[:min(len(last), 1)]
	if strings.HasPrefix(last, "--") {
		dashes = "--"
	}
	for _, g := range flagGroups(verb.Flags) {
		for _, f := range g.flags {
			about, _, _ := strings.Cut(strings.ReplaceAll(f.GetUsage(), "`", ""), "\n")
			list = append(list, candidate{dashes + f.name(), about})
		}
	}
	for name := range more {
		list = append(list, candidate{dashes + name, "as with go " + verb.Name})
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
func (m manual) pages(topics bool) (list []candidate) {
	for _, v := range m.app.Commands {
		if !v.Hidden {
			list = append(list, candidate{v.Name, v.Usage})
		}
	}
	for _, t := range m.topics {
		if topics {
			list = append(list, candidate{t.name, t.short})
		}
	}
	return list
}

//go:embed completion.bash completion.zsh completion.fish
var scripts embed.FS

// shells are the shells that completionScript knows.
var shells = []string{"bash", "zsh", "fish"}

// completionScript returns the completion script for a shell, or "" for an unknown one. The script calls the hidden
// verb complete.
func completionScript(shell string) string {
	text, _ := scripts.ReadFile("completion." + shell) // no such file: an unknown shell
	return string(text)
}
