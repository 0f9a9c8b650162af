package recorded

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// List writes the table of programs to w, and remarks to log. after is how long a wait lasts before it is called stuck;
// zero means that of the run that watches the program, or else the default.
func List(w, log io.Writer, after time.Duration) error {
	list, err := record.List(record.Dir())
	if err != nil {
		return err
	}
	if fault := record.FolderFault(record.Dir()); fault != "" {
		fmt.Fprintf(log, "awaittrace: the folder %s %s; programs of this user do not keep their records in it\n",
			record.Dir(), fault)
	}
	if len(list) == 0 {
		fmt.Fprintf(log, "awaittrace: there is no instrumented program, live or dead, in %s\n", record.Dir())
		return nil
	}
	t := &table{users: make(map[int]string)}
	for _, e := range list {
		t.containers = t.containers || e.Container != ""
		t.others = t.others || e.UID >= 0 && e.UID != os.Geteuid()
		t.dead = t.dead || !e.Live
	}
	t.w = tabwriter.NewWriter(report.SafeWriter(w), 0, 0, 2, ' ', 0)
	fmt.Fprintf(t.w, "PID\t%sSTATE\tAGE\t%sGOROUTINES\tSTUCK\tPROGRAM\n", t.more("USER", "CONTAINER"), t.ended("ENDED"))
	dead, size := 0, int64(0)
	for _, e := range list {
		if cleans(&e) {
			dead, size = dead+1, size+e.Size
		}
		t.row(e, after)
	}
	if err := t.w.Flush(); err != nil {
		return err
	}
	if dead > 0 {
		fmt.Fprintf(log, "awaittrace: %s of programs that have ended, %.1f MB, in %s; awaittrace ps -clean "+
			"removes them\n",
			recordCount(dead), float64(size)/(1<<20), record.Dir())
	}
	return nil
}

func recordCount(n int) string {
	if n == 1 {
		return "1 record"
	}
	return fmt.Sprintf("%d records", n)
}

// A table is a list of programs being written. It leaves out columns that would say nothing.
type table struct {
	w                  *tabwriter.Writer
	others, containers bool
	dead               bool
	users              map[int]string
}

// more returns the columns user and container, if the table has them, each followed by a tab.
func (t *table) more(user, container string) (s string) {
	if t.others {
		s += user + "\t"
	}
	if t.containers {
		s += container + "\t"
	}
	return s
}

// ended returns the column with the time of a program's end, if the table has it, followed by a tab.
func (t *table) ended(when string) string {
	if !t.dead {
		return ""
	}
	return when + "\t"
}

func (t *table) row(e record.Entry, after time.Duration) {
	pid := strconv.Itoa(e.Pid)
	if e.Abroad() {
		pid = "-" // it has, or had, no pid here
	}
	more := t.more(t.user(e.UID), cmp.Or(e.Container, "-"))
	fail := func(err error) {
		if e.Gone() {
			return // and nothing is left of it
		}
		fmt.Fprintf(t.w, "%s\t%s\t\t%s\t\t%s\n", pid, more, t.ended(""), report.SafeLine(err.Error()))
	}
	rec, err := record.OpenEntry(e)
	if err != nil {
		fail(err)
		return
	}
	defer rec.Close()
	r, err := Diagnose(rec, diagnose.Options{After: cmp.Or(after, rec.After())})
	if err != nil {
		fail(err)
		return
	}
	p := &r.Snapshot.Process
	age := time.Duration(p.TakenWall - p.StartWall).Truncate(time.Second)
	name, ended := programName(r.Snapshot), "-"
	if !e.Live {
		ended = diagnose.Duration(time.Since(time.Unix(0, p.TakenWall)).Truncate(time.Second)) + " ago"
	}
	switch {
	case e.Abroad():
		name += " (in another pid namespace: " + e.Path + ")"
	case p.Doubt != "":
		name += " (not trusted: " + p.Doubt + ")"
	}
	fmt.Fprintf(t.w, "%s\t%s%s\t%s\t%s%d\t%d\t%s\n", pid, more, p.State, diagnose.Duration(age), t.ended(ended),
		len(r.Snapshot.Goroutines), r.Bad(), report.SafeLine(name))
}

// programName returns the name of a program: that of its executable, or, for one that a debugger has built, which is
// called __debug_bin and a number, the folder of the package main.
func programName(s *snapshot.Snapshot) string {
	name := filepath.Base(s.Process.Exe)
	if !strings.HasPrefix(name, "__debug_bin") {
		return name
	}
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		p := g.Last
		if p == nil && len(g.Waits) > 0 {
			p = g.Waits[0].Probe
		}
		if p != nil && strings.HasPrefix(p.Func, "main.") {
			return filepath.Base(filepath.Dir(p.File)) + " (in a debugger)"
		}
	}
	return name
}

// user returns the name of a user.
func (t *table) user(uid int) string {
	if uid < 0 {
		return "-"
	}
	name, ok := t.users[uid]
	if !ok {
		name = strconv.Itoa(uid)
		if u, err := user.LookupId(name); err == nil {
			name = u.Username
		}
		t.users[uid] = name
	}
	return report.SafeLine(name)
}

// cleans reports whether Clean removes a record.
func cleans(e *record.Entry) bool { return !e.Live && e.Path != "" && e.Doubt == "" }

// Clean removes the records of programs that have ended, and returns their number.
func Clean() (removed int, err error) {
	list, err := record.List(record.Dir())
	if err != nil {
		return 0, err
	}
	for _, e := range list {
		if !cleans(&e) {
			continue
		}
		if err := e.Clean(); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}
