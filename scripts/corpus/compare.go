package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A difference is a test that ended in another way with probes than without.
type difference struct {
	test
	plain, probed           string // how it ended, "" if it did not
	runs                    int    // how often it was run again, each way
	plainAgain, probedAgain int    // how often it passed then
	left                    string // what it leaves stuck, for which alone awaittrace test fails it, or empty
	reason                  string // what explains it; empty if nothing does
}

// A test that differs is run again attempts times each way. One that passes at times with probes, and always without,
// may just be one that fails rarely: it has patience attempts to fail without probes too.
const (
	attempts = 3
	patience = 15
)

func (d *difference) String() string {
	if d.left != "" {
		return fmt.Sprintf("%s %s leaves goroutines stuck: %s", d.pkg, d.name, d.left)
	}
	reason := cmp.Or(d.reason, "UNEXPLAINED")
	return fmt.Sprintf("%s %s: %s without probes, %s with; of %d more runs each way it passes %d without, %d with: %s",
		d.pkg, d.name,
		cmp.Or(d.plain, "no result"), cmp.Or(d.probed, "no result"), d.runs, d.plainAgain, d.probedAgain, reason)
}

// compare finds the tests that ended differently, sorted. A package as a whole follows from its tests, unless it is all
// that differs.
func compare(plain, probed *results) []*difference {
	all := map[test]bool{}
	for _, r := range []*results{plain, probed} {
		for t := range r.ended {
			all[t] = true
		}
	}
	var list []*difference
	within := map[string]bool{}
	for t := range all {
		if a, b := plain.ended[t], probed.ended[t]; a != b {
			list = append(list, &difference{test: t, plain: a, probed: b})
			within[t.pkg] = within[t.pkg] || t.name != ""
		}
	}
	list = slices.DeleteFunc(list, func(d *difference) bool { return d.name == "" && within[d.pkg] })
	slices.SortFunc(list, func(a, b *difference) int {
		return cmp.Or(cmp.Compare(a.pkg, b.pkg),
			cmp.Compare(a.name, b.name))
	})
	return list
}

// byPackage sorts differences that are not explained yet into their packages.
func byPackage(list []*difference) map[string][]*difference {
	m := map[string][]*difference{}
	for _, d := range list {
		if d.reason == "" && d.left == "" {
			m[d.pkg] = append(m[d.pkg], d)
		}
	}
	return m
}

// leftBehind finds the tests that awaittrace test fails because they leave goroutines stuck, and for nothing else: with
// the same probes they pass when go test runs them.
func (r *runner) leftBehind(o *outcome, dir string) error {
	all := slices.DeleteFunc(slices.Clone(o.differences), func(d *difference) bool {
		return d.plain != "pass" || d.probed != "fail" || o.probed.leftBy(d.test) == ""
	})
	if len(all) == 0 {
		return nil
	}
	overlay := r.Path(o.row.name + ".replace.json")
	args := slices.Concat([]string{r.at, "instrument", "-overlay=" + overlay}, r.probeFlags(o.row), o.row.modFlags(),
		o.row.packages)
	if err := r.Run(dir, args...); err != nil {
		return err
	}
	for pkg, list := range byPackage(all) {
		again, err := r.test(dir, o.row.name+".overlay", append(r.plainTest(only(o.row, list)), "-overlay="+overlay),
			[]string{pkg})
		if err != nil {
			return err
		}
		for _, d := range list {
			if again.ended[d.test] == "pass" {
				d.left = o.probed.leftBy(d.test)
			}
		}
	}
	return nil
}

// again runs the tests that differ again, each way, and says what explains them.
func (r *runner) again(o *outcome, dir string) error {
	for _, d := range o.differences {
		d.reason = o.row.explains(d)
	}
	packages := byPackage(o.differences)
	for _, pkg := range slices.Sorted(maps.Keys(packages)) {
		list := packages[pkg]
		for i := 0; i < patience && len(list) > 0; i++ {
			if err := r.once(o.row, list, dir, pkg); err != nil {
				return err
			}
			if i+1 < attempts {
				continue
			}
			list = slices.DeleteFunc(list, func(d *difference) bool {
				d.reason = d.explain()
				return d.reason != "" || d.plainAgain == 0 || d.probedAgain == 0
			})
		}
	}
	return nil
}

// once runs tests of a package once each way.
func (r *runner) once(row *row, list []*difference, dir, pkg string) error {
	row = only(row, list)
	plain, err := r.test(dir, row.name+".again.plain", r.plainTest(row), []string{pkg})
	if err != nil {
		return err
	}
	probed, err := r.test(dir, row.name+".again.probed", r.probedTest(row), []string{pkg})
	if err != nil {
		return err
	}
	for _, d := range list {
		d.runs++
		d.plainAgain += passed(plain, d.test)
		d.probedAgain += passed(probed, d.test)
	}
	return nil
}

// only is row with the top-level tests of a list alone.
func only(row *row, list []*difference) *row {
	names := map[string]bool{}
	for _, d := range list {
		top, _, _ := strings.Cut(d.name, "/")
		names[regexp.QuoteMeta(top)] = true
	}
	one := *row
	if !names[""] {
		one.run = "^(" + strings.Join(slices.Sorted(maps.Keys(names)), "|") + ")$"
	}
	return &one
}

func passed(r *results, t test) int {
	if r.ended[t] == "pass" {
		return 1
	}
	return 0
}

// explain says what the runs that followed tell about a difference, or "" if they leave it a difference.
func (d *difference) explain() string {
	switch {
	case d.plainAgain == d.runs && d.probedAgain == d.runs:
		return "depends on timing: passes both ways when it is run again"
	case d.plainAgain == 0 && d.probedAgain == 0:
		return "depends on chance or on the machine: fails both ways when it is run again"
	case 0 < d.plainAgain && d.plainAgain < d.runs && d.probedAgain > 0:
		return "depends on timing: passes only at times without probes, and with them"
	}
	return ""
}
