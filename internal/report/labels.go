package report

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

const (
	// maxLabels bounds the labels of a goroutine in a line, and maxLabel a value, with room for a trace id.
	maxLabels, maxLabel = 6, 40
	// maxGroups bounds the groups of -by.
	maxGroups = 50
)

// LabelText returns profiler labels in one line, sorted by key: "path=/transfer, trace_id=4bf92f3577b34da6". It quotes
// ambiguous values, and cuts long ones.
func LabelText(labels map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		if len(parts) == maxLabels {
			parts = append(parts, "…")
			break
		}
		parts = append(parts, labelWord(k)+"="+labelWord(labels[k]))
	}
	return strings.Join(parts, ", ")
}

func labelWord(s string) string {
	if r := []rune(s); len(r) > maxLabel {
		s = string(r[:maxLabel-1]) + "…"
	}
	if s == "" || strings.ContainsAny(s, " ,={}\"") || SafeLine(s) != s {
		return strconv.Quote(s)
	}
	return s
}

// named matches the name of one goroutine.
var named = regexp.MustCompile(`\bgoroutine (\d+)\b`)

// Labelled returns line with the profiler labels of each goroutine behind its name, unless told has that name. It adds
// the names to told. Labels returns the labels of a goroutine, which may be none.
func Labelled(line string, told map[string]bool, labels func(goroutine int64) map[string]string) string {
	return named.ReplaceAllStringFunc(line, func(name string) string {
		id, _ := strconv.ParseInt(strings.TrimPrefix(name, "goroutine "), 10, 64)
		set := labels(id)
		if told[name] || len(set) == 0 {
			return name
		}
		told[name] = true
		return name + " {" + LabelText(set) + "}"
	})
}

// LabelsOf returns the labels of a goroutine of s.
func LabelsOf(s *snapshot.Snapshot) func(goroutine int64) map[string]string {
	return func(goroutine int64) map[string]string {
		i, ok := s.Find(goroutine)
		if !ok {
			return nil
		}
		return s.Goroutines[i].Labels
	}
}

func (t *text) label(line string, told map[string]bool) string {
	return Labelled(line, told, LabelsOf(t.s))
}

// otherLabels writes the labels of the goroutines of f that no line names: the values of each key, or their number.
func (t *text) otherLabels(f *diagnose.Finding, told map[string]bool) {
	const room = 3
	values := make(map[string]map[string]bool)
	for _, id := range f.Goroutines {
		i, ok := t.s.Find(id)
		if !ok || told[fmt.Sprintf("goroutine %d", id)] {
			continue
		}
		for k, v := range t.s.Goroutines[i].Labels {
			if values[k] == nil {
				values[k] = make(map[string]bool)
			}
			values[k][v] = true
		}
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(values)) {
		words := slices.Sorted(maps.Keys(values[k]))
		for i := range words {
			words[i] = labelWord(words[i])
		}
		text := strings.Join(words, "|")
		if len(words) > room {
			text = fmt.Sprintf("(%d values)", len(words))
		}
		if parts = append(parts, labelWord(k)+"="+text); len(parts) == maxLabels {
			break
		}
	}
	if len(parts) > 0 {
		t.line("    labels of the others: %s", strings.Join(parts, ", "))
	}
}

// labels lists the labels of one goroutine, each on a line.
func (t *text) labels(g *snapshot.Goroutine) {
	for _, k := range slices.Sorted(maps.Keys(g.Labels)) {
		t.line("    label %s=%s", labelWord(k), labelWord(g.Labels[k]))
	}
}

// groups writes the goroutines by their value of the profiler label t.opt.By, the most stuck ones first.
func (t *text) groups() {
	key := t.opt.By
	list := groupBy(t.r, key)
	t.line("")
	if len(list) == 0 || len(list) == 1 && !list[0].has {
		t.line("no goroutine has the profiler label %s%s", labelWord(key), t.noLabel())
		return
	}
	t.line("%s", t.paint(bold, "by "+labelWord(key)+":"))
	var rows [][]string
	for _, g := range list[:min(maxGroups, len(list))] {
		value := "(no such label)"
		if g.has {
			value = labelWord(g.value)
		}
		longest := ""
		if g.oldest > 0 {
			longest = "longest " + diagnose.Duration(g.oldest)
		}
		all := counts(g.counts, slices.Concat(sick, healthy))
		rows = append(rows, []string{fmt.Sprint(g.goroutines), value, all, longest})
	}
	t.table(rows)
	if n := len(list) - maxGroups; n > 0 {
		t.line("and %d more values", n)
	}
}

// noLabel returns which labels there are, or why there are none.
func (t *text) noLabel() string {
	keys := make(map[string]bool)
	for i := range t.s.Goroutines {
		for k := range t.s.Goroutines[i].Labels {
			keys[k] = true
		}
	}
	switch {
	case len(keys) > 0:
		list := slices.Sorted(maps.Keys(keys))
		more := ""
		if n := len(list) - maxLabels; n > 0 {
			list, more = list[:maxLabels], fmt.Sprintf(" and %d more", n)
		}
		for i := range list {
			list[i] = labelWord(list[i])
		}
		return "; there are " + strings.Join(list, ", ") + more
	case !t.s.HasStates:
		return ": labels are read from the program itself, which could not be read"
	}
	return ", or any other"
}

// A group is the goroutines that have one value of a profiler label, or do not have the label.
type group struct {
	value      string
	has        bool // the goroutines have the label
	goroutines int
	counts     map[diagnose.Verdict]int
	oldest     time.Duration // the longest wait of a stuck goroutine; zero: none
}

// bad counts the stuck goroutines of g.
func (g *group) bad() int {
	n := 0
	for v, c := range g.counts {
		if v.Bad() {
			n += c
		}
	}
	return n
}

// groupBy groups the goroutines of r by their value of a profiler label: groups with the most stuck ones first, then
// the largest; those without the label last.
func groupBy(r *diagnose.Report, key string) []*group {
	type id struct {
		value string
		has   bool
	}
	at := make(map[id]*group)
	var list []*group
	for i := range r.Snapshot.Goroutines {
		s := &r.Snapshot.Goroutines[i]
		value, has := s.Labels[key]
		g := at[id{value, has}]
		if g == nil {
			g = &group{value: value, has: has, counts: make(map[diagnose.Verdict]int)}
			at[id{value, has}] = g
			list = append(list, g)
		}
		g.goroutines++
		g.counts[r.Verdicts[i]]++
		if r.Verdicts[i].Bad() && len(s.Waits) > 0 && s.Waits[0].Since != 0 {
			g.oldest = max(g.oldest, time.Duration(ago(r.Snapshot, s.Waits[0].Since)))
		}
	}
	slices.SortStableFunc(list, func(a, b *group) int {
		if a.has != b.has {
			if a.has {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.bad(), a.bad()), cmp.Compare(b.goroutines, a.goroutines),
			cmp.Compare(a.value, b.value))
	})
	return list
}
