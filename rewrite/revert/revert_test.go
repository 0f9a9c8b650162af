package revert_test

import (
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/awaittrace/awaittrace/rewrite"
	"github.com/awaittrace/awaittrace/rewrite/load"
	"github.com/awaittrace/awaittrace/rewrite/revert"
)

const editedSource = `package main

import "sync"

var mu sync.Mutex

func main() {
	ch := make(chan int, 1)
	mu.Lock()
	ch <- 1
	mu.Unlock()
	for v := range ch {
		println(v)
	}
}
`

// instrument instruments packages.
func instrument(t *testing.T, cfg rewrite.Config) *rewrite.Result {
	t.Helper()
	r, _, err := rewrite.Instrument(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func offline() []string {
	return append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
}

// instrumentText instruments a package of one file, once for all tests.
func instrumentText(t *testing.T, source string) string {
	t.Helper()
	if text, ok := instrumentedTexts.Load(source); ok {
		return text.(string)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module m\n\ngo 1.26\n", "main.go": source} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	result := instrument(t, rewrite.Config{Config: load.Config{Dir: dir, Env: offline(), Patterns: []string{"."},
		RuntimePath: "m/" + rewrite.CollectorFolder}, Trimpath: true, Revertible: true})
	if len(result.Files) != 1 {
		t.Fatalf("%d files were instrumented", len(result.Files))
	}
	text := string(result.Files[0].Text)
	instrumentedTexts.Store(source, text)
	return text
}

// instrumentedTexts has the results of instrumentText, by the source.
var instrumentedTexts sync.Map

// TestRevertEdited edits an instrumented text, and the original in the same way. Without its probes the text is the
// edited original, whether the file was formatted or not.
func TestRevertEdited(t *testing.T) {
	for _, test := range []struct{ name, from, to, was, is string }{
		{"added above", "LOCK", "\tprintln()\nLOCK", "\tmu.Lock()\n", "\tprintln()\n\tmu.Lock()\n"},
		{"added below", "LOCK", "LOCK\tprintln()\n", "\tmu.Lock()\n", "\tmu.Lock()\n\tprintln()\n"},
		{"deleted", "SEND", "", "\tch <- 1\n", ""},
		{"moved and copied", "LOCKSEND", "SENDLOCKSEND", "\tmu.Lock()\n\tch <- 1\n",
			"\tch <- 1\n\tmu.Lock()\n\tch <- 1\n"},
		{"end left behind", "BEGIN", "", "\tch <- 1\n", ""},
		{"end deleted", "END", "", "\tch <- 1\n", "\tch <- 1\n"},
		{"value changed", "ch) <- 1", "ch) <- 1 + 2", "<- 1", "<- 1 + 2"},
		{"value with a probe", "ch) <- 1", "ch) <- len(_at.Made(&_atSab6e4680[0], make(chan int, 1)))", "<- 1",
			"<- len(make(chan int, 1))"},
		{"receiver changed", "[1], &mu", "[1], &other[func() int { return 2 }()].mu", "\tmu.Lock",
			"\tother[func() int { return 2 }()].mu.Lock"},
		{"spread over lines", "[1], &mu)", "[1],\n\t\t&mu)", "\tmu.Lock", "\tmu.Lock"},
		{"comment in a probe", "[1], &mu", "[1] /* c */, &mu", "\tmu.Lock", "\t/* c */ mu.Lock"},
		{"commented out", "LOCKSEND", "\t// _at.Lock(&_atSab6e4680[1], &mu)\n" +
			"\t// _at.BeginSend(&_atSab6e4680[2], ch) <- 1\n\t// _at.EndSend()\n", "\tmu.Lock()\n\tch <- 1\n",
			"\t// mu.Lock()\n\t// ch <- 1\n"},
		{"half a bracket in a comment", "LOCK", "\t// _at.Lock(&_atSab6e4680[1], &mu) {\n", "\tmu.Lock()\n",
			"\t// mu.Lock() {\n"},
		{"in a comment", "LOCK", "\t/* _at.Lock(&_atSab6e4680[1],\n\t&mu) */\n", "\tmu.Lock()\n",
			"\t/* mu.Lock() */\n"},
		{"comment at the end", "_at.EndSend()\n", "_at.EndSend() // one\n", "<- 1", "<- 1 // one"},
		{"loop variable renamed", "v, _atK4", "w, _atK4", "", ""},
		{"does not parse", "SEND", "\tif {{\nSEND", "", ""},
		{"unterminated string", "SEND", "\tx := \"\nSEND", "\tch <-", "\tx := \"\n\tch <-"},
		{"function at the end", "//awaittrace:end\n", "//awaittrace:end\n\nfunc more() {}\n", "println(v)\n\t}\n}\n",
			"println(v)\n\t}\n}\n\nfunc more() {}\n"},
		{"function in the section", "\n//awaittrace:end\n", "\nfunc more() {}\n\n//awaittrace:end\n",
			"println(v)\n\t}\n}\n", "println(v)\n\t}\n}\n\nfunc more() {}\n"},
		{"comment above", "package main", "// Command main.\npackage main", "package main",
			"// Command main.\npackage main"},
		{"name of the package", "package main", "package other", "package main", "package other"},
		{"DOS line ends", "\n", "\r\n", "\n", "\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, original := range []string{editedSource, strings.Replace(editedSource, " := make", ":=make", 1)} {
				text := instrumentText(t, original)
				begin, end := lineWith(t, text, ".BeginSend("), "\t_at.EndSend()\n"
				send := begin + end
				if strings.Contains(begin, "EndSend") {
					send, end = begin, "; _at.EndSend()"
				}
				r := strings.NewReplacer("LOCK", lineWith(t, text, ".Lock("), "SEND", send, "BEGIN", begin, "END", end)
				from, to := r.Replace(test.from), r.Replace(test.to)
				if !strings.Contains(text, from) || !strings.Contains(original, test.was) {
					t.Fatalf("no %q in\n%s\nor no %q", from, text, test.was)
				}
				edited := strings.ReplaceAll(text, from, to)
				got, err := revert.Text([]byte(edited))
				if test.was == "" {
					if err == nil {
						t.Errorf("no error, got\n%s", got)
					}
					continue
				}
				want := strings.ReplaceAll(original, test.was, test.is)
				if err != nil || !sameTokens(want, string(got)) ||
					!strings.Contains(test.is, "if {{") && !strings.Contains(test.is, "x := ") &&
						original == editedSource && string(got) != want {
					t.Errorf("%v\ngot\n%q\nwant\n%q\nof\n%s", err, got, want, edited)
				}
			}
		})
	}
}

// difference returns where two texts begin to differ.
func difference(want, got string) string {
	n := 0
	for n < min(len(want), len(got)) && want[n] == got[n] {
		n++
	}
	return fmt.Sprintf("after\n%s\nwant\n%.200s\ngot\n%.200s", want[max(0, n-200):n], want[n:], got[n:])
}

// sameTokens reports whether two texts have the same tokens and comments.
func sameTokens(a, b string) bool { return slices.Equal(words(a), words(b)) }

// words returns the tokens of a text, and then its comments, sorted.
func words(text string) []string {
	var words []string
	list, comments := revert.Lex([]byte(text))
	for _, l := range list {
		words = append(words, l.Text)
	}
	var more []string
	for _, c := range comments {
		more = append(more, strings.Join(strings.Fields(c.Text), " "))
	}
	slices.Sort(more) // a formatter moves comments
	return append(words, more...)
}

// TestRevertBroken checks that a probe that cannot be taken out as a whole is an error with the line.
func TestRevertBroken(t *testing.T) {
	text := instrumentText(t, editedSource)
	for _, test := range []struct{ name, from, to, want string }{
		{"name deleted", "_at.Lock(", "Lock(", "line 15: _atSab6e4680 is what remains of an edited probe"},
		{"bracket deleted", "[1], &mu)", "[1], &mu", "line 15: the probe that begins there was edited"},
		{"comma deleted", "[2], ch", "[2] ch", "line 16: _at is what remains of an edited probe"},
		{"number changed", "&_atSab6e4680[1]", "&_atSab6e4680[9]",
			"line 15: _at is what remains of an edited probe"},
		{"site changed", "&_atSab6e4680[1]", "&_atSab6e4680[2]",
			"line 15: _at is what remains of an edited probe"},
		{"body deleted", "\t\t{\n", "", "line 22: _atK4 is what remains of an edited probe"},
		{"end deleted", "//awaittrace:end\n", "", "lacks its last line, //awaittrace:end"},
		{"section mark deleted", "//awaittrace:sites _at gofmt lines\n", "", "line 35: //awaittrace:form"},
		{"form edited", "//awaittrace:form 0 \"", "//awaittrace:form 0 ", "was edited"},
		{"import without section", text[strings.Index(text, "//awaittrace"):], "", "line 3: the text still has probes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(text, test.from) {
				t.Fatalf("no %q in\n%s", test.from, text)
			}
			edited := strings.Replace(text, test.from, test.to, 1)
			got, err := revert.Text([]byte(edited))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q; got\n%s", err, test.want, got)
			}
			if !revert.Instrumented([]byte(edited)) {
				t.Error("does not count as instrumented")
			}
		})
	}
}

// TestRevertForms checks that forms of source that are easily damaged come back unchanged.
func TestRevertForms(t *testing.T) {
	for name, source := range map[string]string{
		"DOS":           strings.ReplaceAll(editedSource, "\n", "\r\n"),
		"BOM":           "\ufeff" + editedSource,
		"joined":        "package main\nfunc f(ch chan int) int { select { case<-ch: }; return<-ch }\nfunc main() {}",
		"comments":      "package main\nimport \"sync\"\nvar f = (*sync. /* a */ Mutex).Lock\nfunc main() { f(nil) }\n",
		"line comments": "package main\nfunc main() { /*line :9:9*/ <-make(chan int) /*line x.go:3*/ }\n",
		"own lines":     "package main\n\nfunc main() {\n//line :9:1\n\t<-make(chan int)\n}\n",
		"like ours": "package main\n\n//awaittrace:sites _at\n" +
			"func main() { println(`//awaittrace:sites _at`); <-make(chan int) }\n\n//awaittrace:end\n",
		"dollar": "package main\n\nvar m = map[string]int{}\n\nfunc main() {\n" +
			"\tfor m[\"$1$$\"] = range make(chan int) {\n\t}\n}\n",
		"long lines": "package main\n\nfunc main() {\n\tch := make(chan int, 1)\n" +
			"\tgo func() { ch <- 1; ch <- 2 /* a longer comment to have a longer line */; close(ch) }()\n" +
			"\tdefer func() { <-ch }()\n}\n\n" +
			"func fun(aLongName, anotherLongName, aThirdLongName chan int) { aLongName <- <-anotherLongName }\n",
		"no newline": strings.TrimSuffix(editedSource, "\n"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := revert.Text([]byte(instrumentText(t, source)))
			if err != nil || string(got) != source {
				t.Errorf("%v\ngot  %q\nwant %q", err, got, source)
			}
		})
	}
}

// lineWith returns the first line of text that contains part.
func lineWith(t *testing.T, text, part string) string {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.Contains(line, part) {
			return line
		}
	}
	t.Fatalf("no line with %q in\n%s", part, text)
	return ""
}

// TestRevertFormatted formats a file with probes that was not formatted before: without the probes it has the same
// tokens.
func TestRevertFormatted(t *testing.T) {
	result := instrument(t, rewrite.Config{Config: load.Config{Dir: "../../testdata/torture", Env: offline(),
		Patterns: []string{"./..."}}, Revertible: true, Probes: rewrite.DefaultProbes | rewrite.ProbeLoop})
	for _, f := range result.Files {
		original, err := os.ReadFile(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		was, err := format.Source(original)
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := format.Source(f.Text)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := revert.Text(formatted); err != nil || !sameTokens(string(was), string(back)) {
			t.Errorf("%s: %v\n%s", f.Name, err,
				difference(strings.Join(words(string(was)), "\n"), strings.Join(words(string(back)), "\n")))
		}
	}
}
