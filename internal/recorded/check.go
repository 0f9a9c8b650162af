package recorded

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// The exit statuses.
const (
	StatusOK       = 0
	StatusNoRecord = 1
	StatusStuck    = 3
)

// CheckOptions say which findings count: by default those that are certain and that a restart mends. A liveness probe
// that restarts a healthy program is worse than none.
type CheckOptions struct {
	After     time.Duration // zero: that of the run that watches the program, or else the default
	Kinds     []diagnose.Kind
	Certainty diagnose.Certainty // findings that are less certain do not count
	// Write is the file for the whole report if something is stuck, as JSON if its name ends in .json; empty: none.
	Write string
}

// ParseKinds parses the value of -kind, a list with commas; "all" is every kind.
func ParseKinds(list string) ([]diagnose.Kind, error) {
	var kinds []diagnose.Kind
	for _, name := range strings.Split(list, ",") {
		k := diagnose.Kind(strings.TrimSpace(name))
		if k == "all" {
			return diagnose.Kinds(), nil
		}
		if !slices.Contains(diagnose.Kinds(), k) {
			return nil, fmt.Errorf("invalid -kind %q (want all, or some of %s)", name, joinKinds(diagnose.Kinds()))
		}
		kinds = append(kinds, k)
	}
	return kinds, nil
}

func joinKinds(kinds []diagnose.Kind) string {
	var names []string
	for _, k := range kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ",")
}

// ParseCertainty parses the value of -certainty.
func ParseCertainty(name string) (diagnose.Certainty, error) {
	switch c := diagnose.Certainty(name); c {
	case diagnose.Certain, diagnose.Likely:
		return c, nil
	}
	return "", fmt.Errorf("invalid -certainty %q (want certain or likely)", name)
}

// Check checks the program of rec, and returns the answer in one line, and the exit status.
func Check(rec *record.Record, o CheckOptions) (line string, status int, err error) {
	if rec.Doubt != "" {
		return "", StatusNoRecord, fmt.Errorf("the record of process %d is not trusted: %s", rec.Pid, rec.Doubt)
	}
	percent, goroutines := gcPercent, 0
	if o.locksOnly() {
		suspect, n, err := rec.LocksSuspect()
		if err == nil && !suspect {
			if p, err := rec.Program(); err == nil && p.Off == "" {
				return report.SafeLine(fmt.Sprintf("ok: %s: %s in %d goroutines", processName(p), nothing(o), n)),
					StatusOK, nil
			}
		}
		if goroutines = n; err == nil && n <= fewGoroutines {
			percent = gcPercentFew
		}
	}
	defer debug.SetGCPercent(debug.SetGCPercent(percent))
	r, err := Diagnose(rec, diagnose.Options{
		After: cmp.Or(o.After, rec.After(), diagnose.DefaultAfter), OnlyLocks: o.locksOnly() && o.Write == "",
	})
	if err != nil {
		return "", StatusNoRecord, err
	}
	var found []*diagnose.Finding
	for i := range r.Findings {
		if f := &r.Findings[i]; slices.Contains(o.Kinds, f.Kind) && counts(f.Certainty, o.Certainty) {
			found = append(found, f)
		}
	}
	p := &r.Snapshot.Process
	name := processName(p)
	switch {
	case p.Off != "":
		return report.SafeLine(fmt.Sprintf("unknown: the probes of %s are off: %s", name, p.Off)), StatusOK, nil
	case len(found) == 0:
		n := max(goroutines, len(r.Snapshot.Goroutines))
		return report.SafeLine(fmt.Sprintf("ok: %s: %s in %d goroutines", name, nothing(o), n)), StatusOK, nil
	}
	line = fmt.Sprintf("stuck: %s: %s: %s", name, found[0].Kind, labelled(rec, r, found[0], o.Write != ""))
	if n := len(found) - 1; n > 0 {
		line += fmt.Sprintf(", and %d more", n)
	}
	if o.Write != "" {
		if err := write(o.Write, r); err != nil {
			return report.SafeLine(line), StatusStuck, err
		}
	}
	return report.SafeLine(line), StatusStuck, nil
}

// labelled returns the title of a finding with the profiler labels of the goroutines that it names. If all is set, it
// also reads the labels of all others.
func labelled(rec *record.Record, r *diagnose.Report, f *diagnose.Finding, all bool) string {
	if all {
		new(Labels).Add(rec, r.Snapshot)
		return report.Labelled(f.Title, map[string]bool{}, report.LabelsOf(r.Snapshot))
	}
	named := make(map[int64]bool)
	report.Labelled(f.Title, map[string]bool{}, func(id int64) map[string]string {
		named[id] = true
		return nil
	})
	labels := LabelsOf(rec, &r.Snapshot.Process, named)
	return report.Labelled(f.Title, map[string]bool{}, func(id int64) map[string]string { return labels[id] })
}

// These keep this process small: it is one of many in a container, and short-lived. A few goroutines need less than 15
// MB without any collection.
const (
	gcPercent     = 30
	fewGoroutines = 12_000
	gcPercentFew  = 200
)

// locksOnly reports whether only lock holders matter. Most programs can then be checked at a glance.
func (o *CheckOptions) locksOnly() bool {
	return o.Certainty == diagnose.Certain && !slices.ContainsFunc(o.Kinds, func(k diagnose.Kind) bool {
		return k != diagnose.KindDeadlock && k != diagnose.KindOrphanedLock
	})
}

func processName(p *snapshot.Process) string {
	return fmt.Sprintf("pid %d (%s, %s)", p.Pid, filepath.Base(p.Exe), p.State)
}

// counts reports whether a finding of certainty c counts if at least want is wanted.
func counts(c, want diagnose.Certainty) bool {
	return c == diagnose.Certain || c == diagnose.Likely && want == diagnose.Likely
}

// nothing says which findings were not found.
func nothing(o CheckOptions) string {
	return fmt.Sprintf("no %s %s", o.Certainty, strings.ReplaceAll(joinKinds(o.Kinds), ",", " or "))
}

// CheckAll checks all live programs whose records this user may read, and returns one line for all. The file o.Write
// gets the report on the first that is stuck.
func CheckAll(o CheckOptions) (line string, status int, err error) {
	list, err := record.List(record.Dir())
	if err != nil {
		return "", StatusNoRecord, err
	}
	return checkLive(list, o)
}

// checkLive checks those of some programs that run.
func checkLive(list []record.Entry, o CheckOptions) (line string, status int, err error) {
	checked, stuck := 0, 0
	var first string
	var failed error
	for _, e := range list {
		if !e.Live {
			continue
		}
		l, s, err := one(e, o)
		if s == StatusNoRecord && e.Gone() {
			continue
		}
		failed = cmpErr(failed, err)
		if s != StatusNoRecord {
			checked++
		}
		if s == StatusStuck {
			if stuck++; stuck == 1 {
				first, o.Write = l, ""
			}
		} else if checked == 1 && s == StatusOK && first == "" {
			line = l
		}
	}
	switch {
	case stuck > 1:
		return fmt.Sprintf("%s; %d of %d programs are stuck", first, stuck, checked), StatusStuck, failed
	case stuck == 1:
		return first, StatusStuck, failed
	case checked == 0 && failed != nil:
		return "", StatusNoRecord, failed
	case checked == 0:
		return "", StatusNoRecord, fmt.Errorf("no instrumented program runs that this user may look into, "+
			"and none has its record in %s", record.Dir())
	case checked == 1:
		return line, StatusOK, failed
	}
	return fmt.Sprintf("ok: %d programs: %s", checked, nothing(o)), StatusOK, failed
}

func one(e record.Entry, o CheckOptions) (string, int, error) {
	rec, err := record.OpenEntry(e)
	if err != nil {
		return "", StatusNoRecord, err
	}
	defer rec.Close()
	return Check(rec, o)
}

func cmpErr(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// write writes the whole report to the file of -write.
func write(name string, r *diagnose.Report) error {
	return report.WriteFile("write", name, func(w io.Writer) error {
		if strings.HasSuffix(name, ".json") {
			return report.JSON(w, r)
		}
		return report.Text(w, r, report.TextOptions{All: true})
	})
}
