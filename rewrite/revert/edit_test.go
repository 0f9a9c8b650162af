package revert_test

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/awaittrace/awaittrace/rewrite"
	"github.com/awaittrace/awaittrace/rewrite/load"
	"github.com/awaittrace/awaittrace/rewrite/revert"
)

var (
	editRounds = flag.Int("texts", 300, "how many edited texts TestRevertRandom reverts")
	editSeed   = flag.Uint64("seed", 1, "which texts these are")
)

// TestRevertRandom edits texts with probes at random. Revert returns the same edit of the original, or an error with a
// line; nothing of ours is left, and nothing that somebody wrote is lost. An unformatted text has the lines of the
// original, so that an edit of lines can be made to both.
func TestRevertRandom(t *testing.T) {
	files := unformattedFiles(t, "../../testdata/torture")
	r := rand.New(rand.NewPCG(3, *editSeed))
	refused := 0
	for i := range *editRounds {
		f := files[r.IntN(len(files))]
		e := f.edited(r)
		text, exact := []byte(strings.Join(e.probed, "")+f.section), true
		if r.IntN(2) == 0 {
			if out, err := format.Source(text); err == nil {
				text, exact = out, false
			}
		}
		want := strings.Join(e.original, "")
		formatted, broken := format.Source([]byte(want))
		got, err := revert.Text(text)
		if err != nil {
			if refused++; !regexp.MustCompile(`^line [0-9]+`).MatchString(err.Error()) {
				t.Errorf("round %d, %s: %v has no line", i, f.name, err)
			}
			continue
		}
		if !exact && broken == nil {
			want = string(formatted) // with the imports sorted
		}
		same := string(got) == want
		if !exact {
			same = sameTokens(string(got), want)
		}
		if broken != nil {
			same = slices.Equal(otherWords(string(got)), otherWords(want))
		}
		if !same {
			t.Errorf("round %d, %s, %v, exact %v\n%s", i, f.name, e.done, exact,
				difference(strings.Join(words(want), "\n"), strings.Join(words(string(got)), "\n")))
		}
	}
	t.Logf("%d edited texts, %d of them refused", *editRounds, refused)
	if refused > *editRounds/2 {
		t.Errorf("%d of %d were refused", refused, *editRounds)
	}
}

// A lined file is an unformatted file with probes, and its original, by lines.
type lined struct {
	name             string
	original, probed []string
	// within reports whether a line begins within an expression. A probe may have moved that to its first line.
	within  []bool
	section string
	done    []string // the edits
}

// unformattedFiles instruments the files of a module as if none of them were formatted.
func unformattedFiles(t *testing.T, dir string) []lined {
	t.Helper()
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	cfg := rewrite.Config{
		Config: load.Config{
			Dir:         dir,
			Env:         offline(),
			Patterns:    []string{"./..."},
			RuntimePath: "m/" + rewrite.CollectorFolder,
			Overlay:     map[string][]byte{},
		},
		Probes:     rewrite.DefaultProbes | rewrite.ProbeLoop,
		Revertible: true,
	}
	err = filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		cfg.Overlay[path] = append(text, "\n\n"...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	result := instrument(t, cfg)
	var files []lined
	for _, f := range result.Files {
		text, section, _ := bytes.Cut(f.Text, []byte("\n"+sites))
		made := lined{
			name:     filepath.Base(f.Name),
			original: strings.SplitAfter(string(cfg.Overlay[f.Name]), "\n"),
			within:   withinExpressions(t, cfg.Overlay[f.Name]),
			probed:   strings.SplitAfter(string(text), "\n"), section: "\n" + sites + string(section),
		}
		if len(made.original) != len(made.probed) {
			t.Fatalf("%s has %d lines, and %d with probes", f.Name, len(made.original), len(made.probed))
		}
		files = append(files, made)
	}
	return files
}

// withinExpressions returns for each line of a file whether it begins within an expression, not counting function
// literals.
func withinExpressions(t *testing.T, text []byte) []bool {
	t.Helper()
	within := make([]bool, bytes.Count(text, []byte("\n"))+1)
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		mark := func(from, to token.Pos, is bool) {
			for line := fset.PositionFor(from, false).Line; line < fset.PositionFor(to, false).Line; line++ {
				within[line] = is
			}
		}
		switch n := n.(type) {
		case *ast.StructType, *ast.InterfaceType:
		case *ast.FuncLit:
			mark(n.Body.Lbrace, n.Body.Rbrace, false)
		case ast.Expr, *ast.SendStmt:
			mark(n.Pos(), n.End(), true)
		}
		return true
	})
	return within
}

// sites begins the section at the end of a text with probes.
const sites = "//awaittrace:sites"

var operand = regexp.MustCompile(`\b(ch|mu|wg|c|a|b|x|s|t)\b`)

// edited makes some edits to both texts.
func (f lined) edited(r *rand.Rand) lined {
	f.original, f.probed, f.within, f.done = slices.Clone(f.original), slices.Clone(f.probed), slices.Clone(f.within),
		nil
	both := []*[]string{&f.original, &f.probed}
	for range 1 + r.IntN(4) {
		n := len(f.original) - 1 // the last one is empty
		if n < 10 {
			break
		}
		from := 1 + r.IntN(n-1) // the line of the package clause stays
		to := min(n, from+1+r.IntN(5))
		place := 1 + r.IntN(n-(to-from))
		// If the probe has moved a part of a line, or a comment, to another line, an edit of the line would differ in
		// the two texts.
		if f.inComment(from, to) || f.inComment(place, place) || f.within[from] || f.within[from+1] || f.within[to] ||
			f.within[place] {
			continue
		}
		what := []string{"insert", "comment", "delete", "move", "copy", "rename", "DOS"}[r.IntN(7)]
		f.within = rearranged(f.within, what, from, to, place, false)
		for _, text := range both {
			*text = rearranged(*text, what, from, to, place, fmt.Sprintf("\tinserted%d(%d)\n", from, to))
			switch line := &(*text)[from]; what {
			case "comment":
				*line = strings.TrimRight(*line, "\r\n") + fmt.Sprintf(" // comment%d\n", from)
			case "rename":
				if !strings.Contains(f.original[from], "/*") {
					*line = operand.ReplaceAllString(*line, fmt.Sprintf("renamed%d", from))
				}
			case "DOS":
				*line = strings.TrimRight(*line, "\r\n") + "\r\n"
			}
		}
		f.done = append(f.done, fmt.Sprintf("%s %d to %d at %d", what, from, to, place))
	}
	return f
}

// otherWords returns the words of a text without brackets. In a text with mismatched brackets, one of ours may be taken
// for another, or be left of half a probe that was copied.
func otherWords(text string) []string {
	return slices.DeleteFunc(words(text), func(w string) bool { return strings.Contains("()[]{}", w) })
}

// rearranged inserts one line, or deletes, moves or copies some.
func rearranged[E any](lines []E, what string, from, to, place int, inserted E) []E {
	part := slices.Clone(lines[from:to])
	switch what {
	case "insert":
		return slices.Insert(lines, from, inserted)
	case "delete":
		return slices.Delete(lines, from, to)
	case "move":
		return slices.Insert(slices.Delete(lines, from, to), place, part...)
	case "copy":
		return slices.Insert(lines, place, part...)
	}
	return lines
}

// inComment reports whether a comment over several lines covers one of the lines from from to to. A line that is moved
// into it is no longer code, and one that is moved out becomes code.
func (f lined) inComment(from, to int) bool {
	text := strings.Join(f.original, "")
	_, comments := revert.Lex([]byte(text))
	return slices.ContainsFunc(comments, func(c revert.Comment) bool {
		first, last := strings.Count(text[:c.Off], "\n"), strings.Count(text[:c.End], "\n")
		return last > first && first <= to && last >= from
	})
}
