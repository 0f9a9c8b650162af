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
	reason                  string // what explains it; empty if nothing does
}

// A test that differs is run again attempts times each way. One that passes at times with probes, and always without, may just be
// one that fails rarely: it has patience attempts to fail without probes too.
const (
	attempts = 3
	patience = 15
)

func (d *difference) String() string {
	reason := cmp.Or(d.reason, "UNEXPLAINED")
	return fmt.Sprintf("%s %s: %s without probes, %s with; of %d more runs each way it passes %d without, %d with: %s", d.pkg, d.name,
		cmp.Or(d.plain, "no result"), cmp.Or(d.probed, "no result"), d.runs, d.plainAgain, d.probedAgain, reason)
}

// compare finds the tests that ended differently, sorted. A package as a whole follows from its tests, unless it is all that differs.
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
	slices.SortFunc(list, func(a, b *difference) int { return cmp.Or(cmp.Compare(a.pkg, b.pkg), cmp.Compare(a.name, b.name)) })
	return list
}

// again runs the tests that differ again, each way, and says what explains them.
func (r *runner) again(o *outcome, dir string) error {
	byPackage := map[string][]*difference{}
	for _, d := range o.differences {
		if d.reason = o.row.explains(d); d.reason == "" {
			byPackage[d.pkg] = append(byPackage[d.pkg], d)
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(byPackage)) {
		list := byPackage[pkg]
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
