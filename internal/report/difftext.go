package report

import (
	"bufio"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
)

// DiffOptions say how Text writes a Diff.
type DiffOptions struct {
	// Path turns the path of a source file into the form that is shown; nil leaves it as it is.
	Path func(string) string
	// All says that what is the same is listed too, and every place.
	All bool
}

// maxPlaces bounds the places that are listed without All.
const maxPlaces = 10

// Text writes d to w for people.
func (d *Diff) Text(w io.Writer, opt DiffOptions) error {
	t := &diffText{bufio.NewWriter(w), d, opt}
	t.line("%s", t.summary())
	t.line("old: %s", describe(&d.Old))
	t.line("new: %s%s", describe(&d.New), d.later())
	same := 0
	for i := range d.Findings {
		f := &d.Findings[i]
		if f.Change == isSame && !opt.All {
			same++
			continue
		}
		t.finding(f)
	}
	if same > 0 {
		t.line("")
		t.line("%s as before; list with -all", plural(same, "finding"))
	}
	t.places()
	return t.Flush()
}

type diffText struct {
	*bufio.Writer
	d   *Diff
	opt DiffOptions
}

// line writes one line without control characters: the names in it come from other processes.
func (t *diffText) line(format string, args ...any) {
	t.WriteString(SafeLine(fmt.Sprintf(format, args...)))
	t.WriteByte('\n')
}

// summary returns the answer in one line.
func (t *diffText) summary() string {
	n := make(map[string]int)
	for i := range t.d.Findings {
		n[t.d.Findings[i].Change]++
	}
	if n[isNew]+n[isGrown]+n[isGone]+n[isShrunk] == 0 {
		return "no finding is new, grown or gone"
	}
	return fmt.Sprintf("findings: %d new, %d grown, %d gone, %d as large as before or smaller", n[isNew], n[isGrown],
		n[isGone], n[isSame]+n[isOlder]+n[isShrunk])
}

// later returns how much later the new report is, such as ", 40s later", or "" if that is unknown.
func (d *Diff) later() string {
	switch {
	case d.BetweenNS == nil:
		return ""
	case *d.BetweenNS < 0:
		return ", " + diagnose.Duration(time.Duration(-*d.BetweenNS)) + " earlier"
	}
	return ", " + diagnose.Duration(time.Duration(*d.BetweenNS)) + " later"
}

func describe(s *Side) string {
	name := filepath.Base(s.Process.Exe)
	if s.Process.Exe == "" {
		name = "unknown program"
	}
	return fmt.Sprintf("%s (pid %d, %s), %d goroutines, %d stuck", name, s.Process.Pid, s.Process.State, s.Goroutines,
		s.Stuck)
}

// finding writes one finding with the change of its size.
func (t *diffText) finding(f *FindingChange) {
	certainty := ""
	if f.Certainty != "certain" {
		certainty = " (" + f.Certainty + ")"
	}
	t.line("")
	t.line("%s: %s: %s%s", f.Change, f.Kind, f.Title, certainty)
	if f.File != "" {
		t.line("    at %s:%d", t.path(f.File), f.Line)
	}
	switch {
	case f.Old == nil:
		t.line("    %s%s", plural(f.New.Goroutines, "goroutine"), oldest(f.New))
	case f.New == nil:
		t.line("    %s%s", plural(f.Old.Goroutines, "goroutine"), oldest(f.Old))
	case f.Old.Goroutines == f.New.Goroutines:
		t.line("    %s, as before%s", plural(f.New.Goroutines, "goroutine"), oldest(f.New))
	default:
		t.line("    %d goroutines before, %d now (%+d)%s", f.Old.Goroutines, f.New.Goroutines,
			f.New.Goroutines-f.Old.Goroutines, oldest(f.New))
	}
	if f.Old != nil && f.New != nil && f.Old.KeptBytes != f.New.KeptBytes {
		t.line("    %d bytes kept alive before, %d now", f.Old.KeptBytes, f.New.KeptBytes)
	}
}

func oldest(s *Size) string {
	if s.OldestNS == 0 {
		return ""
	}
	return ", the longest for " + diagnose.Duration(time.Duration(s.OldestNS))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// places writes where there are more or fewer goroutines than before.
func (t *diffText) places() {
	list := t.d.Places
	if len(list) == 0 {
		return
	}
	t.line("")
	t.line("goroutines by place:")
	if !t.opt.All {
		list = list[:min(maxPlaces, len(list))]
	}
	for i := range list {
		p := &list[i]
		at := "at an unknown place"
		if p.File != "" {
			at = fmt.Sprintf("at %s:%d (%s: %s)", t.path(p.File), p.Line, diagnose.ShortFunc(p.Func), p.What)
		}
		t.line("    %+6d  %s, %d before", p.New-p.Old, at, p.Old)
	}
	if n := len(t.d.Places) - len(list); n > 0 {
		t.line("    and %d more places; list them with -all", n)
	}
}

func (t *diffText) path(file string) string {
	if t.opt.Path == nil {
		return file
	}
	return t.opt.Path(file)
}
