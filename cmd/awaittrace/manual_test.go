//go:build !lite

package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// table is a command with all that a table may have.
func table() manual {
	app := &cli.App{
		Name: "tool", Usage: "does things", UsageText: "tool <verb>",
		Description: "Tool does things.\n\n\ttool go\n.dot and 'quote",
		Commands: []*cli.Command{
			{
				Name: "go", Category: "Verbs", Usage: "goes", ArgsUsage: "[PID]",
				Description: "Go goes, " + strings.Repeat("and goes, ", 12) +
					"and stops.\n\n\ttool go -f html \\ 7\n\nIt is done.",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "f", Value: "text", Usage: "write in `FORMAT`: text or html"},
					&cli.DurationFlag{Name: "after", Category: "More flags", Usage: "wait for `D`",
						DefaultText: "forever"},
					&cli.BoolFlag{Name: "fast", Usage: "do not wait"},
					&cli.IntFlag{Name: "n", Usage: "do it `N` times"},
				},
			},
			{Name: "stop", Category: "Verbs", Usage: "stops", Description: "Stop stops."},
			{Name: "secret", Hidden: true, Category: "Verbs"},
		},
	}
	return manual{app, []topic{{"words", "what words mean", "A word means\n\n\tthis\tor that"}}}
}

func TestHelp(t *testing.T) {
	c := table()
	for page, want := range map[string][]string{
		"": {"Tool does things.\n\n\ttool go\n",
			"Usage:\n\n\ttool <verb>\n\nVerbs:\n\n\tgo          goes\n\tstop        stops\n",
			"\twords       what words mean\n"},
		"go": {
			"usage: tool go [flags] [PID]\n\nGo goes, and goes, ",
			"\n\n\ttool go -f html \\ 7\n\nIt is done.\n\nFlags:\n\n\t-f FORMAT\n" +
				"\t\twrite in FORMAT: text or html (default text)\n",
			"\n\t-fast\n\t\tdo not wait\n\n\t-n N\n\t\tdo it N times\n\nMore flags:\n\n\t-after D\n" +
				"\t\twait for D (default forever)\n",
		},
		"stop":  {"usage: tool stop\n\nStop stops.\n"},
		"words": {"A word means\n\n\tthis\tor that\n"},
	} {
		var b bytes.Buffer
		var err error
		found := true
		if page == "" {
			err = c.overview(&b)
		} else {
			found, err = c.page(&b, page)
		}
		for _, w := range want {
			if !found || err != nil || !strings.Contains(b.String(), w) {
				t.Errorf("%q: %v, %v: it has no %q:\n%s", page, found, err, w, b.String())
			}
		}
		for line := range strings.Lines(b.String()) {
			if len(strings.ReplaceAll(line, "\t", strings.Repeat(" ", 8))) > helpWidth+1 ||
				strings.Contains(line, "secret") {
				t.Errorf("%q: %q", page, line)
			}
		}
	}
	if found, _ := c.page(&bytes.Buffer{}, "secret"); found {
		t.Error("there is help on a hidden verb")
	}
}

// TestMan has groff read the page, with all its warnings on.
func TestMan(t *testing.T) {
	var page bytes.Buffer
	if err := table().man(&page, "tool 1.0"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{".TH TOOL 1", ".SH NAME\ntool \\- does things\n", "\n\\&.dot and 'quote",
		".B \\-after D\n", ".nf\n\ttool go \\-f html \\e 7\n.fi\n"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("it has no %q:\n%s", want, page.String())
		}
	}
	if _, err := exec.LookPath("groff"); err != nil {
		t.Skip("no groff here")
	}
	cmd := exec.Command("groff", "-man", "-ww", "-z")
	cmd.Stdin = &page
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestComplete(t *testing.T) {
	from := values{
		flag: func(verb, flag string, words []string) ([]candidate, bool) {
			if flag == "f" {
				return []candidate{{word: "text"}, {word: "html"}}, false
			}
			return nil, true
		},
		args: func(verb string, words []string) ([]candidate, bool) {
			return []candidate{{"4711", "server"}}, verb == "go"
		},
		more: func(verb string) map[string]bool { return map[string]bool{"race": false, "tags": true} },
	}
	for line, want := range map[string]string{
		"|":               "go stop",
		"s|":              "stop",
		"help w|":         "words",
		"help s|":         "stop",
		"nope |":          "",
		"go |":            "4711 :files",
		"go 5|":           ":files",
		"stop 4|":         "4711",
		"go -fa|":         "-fast",
		"go --fa|":        "--fast",
		"go -r|":          "-race",
		"go -f |":         "text html",
		"go -f h|":        "html",
		"go -f=h|":        "-f=html",
		"go -f|=|h|":      "html", // as bash has it
		"go -fast |":      "4711 :files",
		"go -tags |":      ":files",
		"go -race |":      "4711 :files",
		"go -f html 4|":   "4711 :files",
		"go -n 7 -after|": "-after",
	} {
		words := strings.Split(strings.NewReplacer(" ", "|").Replace(strings.TrimSuffix(line, "|")), "|")
		list, files := table().complete(words, from)
		got := ""
		for _, l := range list {
			got += " " + l.word
		}
		if files {
			got += " :files"
		}
		if got = strings.TrimSpace(got); got != want {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

// TestBash has bash complete with the script, and a command that says what it was asked.
func TestBash(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash here")
	}
	script := fmt.Sprintf(`%s
fake() { printf '%%s\n' "$*"$'\tabout it' "two"$'\t' ; }
compopt() { :; }
COMP_WORDS=(fake report -f h)
COMP_CWORD=3
_awaittrace
printf '%%s|' "${COMPREPLY[@]}"
`, completionScript("bash"))
	out, err := exec.Command("bash", "-c", script).CombinedOutput()
	if got := string(out); err != nil || got != "complete report -f h|two|" {
		t.Errorf("%v: %q", err, got)
	}
	for _, shell := range shells {
		if !strings.Contains(completionScript(shell), " complete ") {
			t.Errorf("no script for %s", shell)
		}
	}
}
