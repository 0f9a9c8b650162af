package rewrite

import (
	"go/format"
	"path/filepath"
	"strings"
	"testing"
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
}`

// instrumentText instruments a package of one file.
func instrumentText(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), []byte("module m\n\ngo 1.26\n"))
	write(t, filepath.Join(dir, "main.go"), []byte(source))
	_, result := instrument(t, Config{Dir: dir, Env: offline(), Patterns: []string{"."}, Trimpath: true})
	if len(result.Files) != 1 {
		t.Fatalf("%d files were instrumented", len(result.Files))
	}
	return string(result.Files[0].Text)
}

// An edit of an instrumented text, made to the original too, is what is left when the probes are taken out.
func TestRevertEdited(t *testing.T) {
	text := instrumentText(t, editedSource)
	lock, send := lineWith(t, text, ".Lock("), lineWith(t, text, ".Send(")
	for _, test := range []struct{ name, from, to, was, is string }{
		{"added above", lock, "\tprintln()\n" + lock, "\tmu.Lock()\n", "\tprintln()\n\tmu.Lock()\n"},
		{"added below", lock, lock + "\tprintln()\n", "\tmu.Lock()\n", "\tmu.Lock()\n\tprintln()\n"},
		{"deleted", send, "", "\tch <- 1\n", ""},
		{"moved and copied", lock + send, send + lock + send, "\tmu.Lock()\n\tch <- 1\n", "\tch <- 1\n\tmu.Lock()\n\tch <- 1\n"},
		{"value changed", "*/ 1/*", "*/ 1 + 2/*", "<- 1", "<- 1 + 2"},
		{"receiver changed", "*/mu/*_at:.Lock", "*/other.mu/*_at:.Lock", "mu.Lock", "other.mu.Lock"},
		{"comment at the end", send, strings.TrimSuffix(send, "\n") + " // one\n", "<- 1", "<- 1 // one"},
		{"does not parse", send, "\tif {{" + send, "\tch <-", "\tif {{\tch <-"},
		{"unterminated string", send, "\tx := \"\n" + send, "\tch <-", "\tx := \"\n\tch <-"},
		{"function at the end", "//_at:end\n", "//_at:end\n\nfunc more() {}\n", "println(v)\n\t}\n}", "println(v)\n\t}\n}\nfunc more() {}\n"},
		{"comment above", "package main", "// Command main.\npackage main", "package main", "// Command main.\npackage main"},
		{"statement on the first line", "package main/*", "package other/*", "package main", "package other"},
		{"import is gone", lineWith(t, text, "import _at"), "package main\n", "", ""},
		{"DOS line ends", "\n", "\r\n", "\n", "\r\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(text, test.from) || !strings.Contains(editedSource, test.was) {
				t.Fatalf("no %q in\n%s\nor no %q", test.from, text, test.was)
			}
			edited := strings.ReplaceAll(text, test.from, test.to)
			want := strings.ReplaceAll(editedSource, test.was, test.is)
			if test.was == "" {
				want = editedSource
			}
			if got, err := Revert([]byte(edited)); err != nil || string(got) != want {
				t.Errorf("%v\ngot\n%q\nwant\n%q\nof\n%s", err, got, want, edited)
			}
		})
	}
}

// What cannot be taken out as a whole is an error with the line.
func TestRevertBroken(t *testing.T) {
	text := instrumentText(t, editedSource)
	for _, test := range []struct{ name, from, to, want string }{
		{"marker deleted", "/*_at:*/_at.Lock(", "_at.Lock(", "line 9: _at is left of a probe"},
		{"directive deleted", "/*line :9:10*/", "", "line 9: what begins with /*_at:.Lock(*/ has lost its end"},
		{"end mark deleted", "//_at:end\n", "", "line 17: what begins with //_at:sites- has lost its end"},
		{"site mark deleted", "//_at:sites-\n", "", "//_at:end without its beginning"},
		{"renamed array", "/*_at:*/_at.Start(); /*line :7:14*/", "_at = nil;", "line 7: _at is left"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if !strings.Contains(text, test.from) {
				t.Fatalf("no %q in\n%s", test.from, text)
			}
			got, err := Revert([]byte(strings.Replace(text, test.from, test.to, 1)))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q; got\n%s", err, test.want, got)
			}
		})
	}
}

// Forms of source that are easily damaged come back as they were.
func TestRevertForms(t *testing.T) {
	for name, source := range map[string]string{
		"DOS":           strings.ReplaceAll(editedSource, "\n", "\r\n"),
		"BOM":           "\ufeff" + editedSource,
		"joined":        "package main\nfunc f(ch chan int) int { select { case<-ch: }; return<-ch }\nfunc main() {}",
		"comments":      "package main\nimport \"sync\"\nvar f = (*sync. /* a */ Mutex).Lock\nfunc main() { f(nil) }\n",
		"line comments": "package main\nfunc main() { /*line :9:9*/ <-make(chan int) /*line x.go:3*/ }\n",
		"like ours":     "package main\n// /*_at:*/ _at.\n/*_at:x*/ func main() { println(`/*_at:*/_at.`); /*_at:*/ <-make(chan int) }\n",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Revert([]byte(instrumentText(t, source)))
			if err != nil || string(got) != source {
				t.Errorf("%v\ngot  %q\nwant %q", err, got, source)
			}
		})
	}
}

// lineWith is the first line of text that has part in it.
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

// gofmt moves comments over what they delimit. That is noticed, and the file is left alone.
func TestRevertFormatted(t *testing.T) {
	_, result := instrument(t, Config{Dir: "../testdata/torture", Env: offline(), Patterns: []string{"./..."}})
	for _, f := range result.Files {
		formatted, err := format.Source(f.Text)
		if err != nil {
			t.Fatal(err)
		}
		back, err := Revert(formatted)
		if err == nil {
			t.Errorf("%s was reverted to\n%s", f.Name, back)
		} else if !strings.Contains(err.Error(), "formatted") {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}
