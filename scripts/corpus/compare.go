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
	plainAgain, probedAgain int    // how often it passed when it was run again
	reason                  string // what explains it; empty if nothing does
}

// attempts is how often a test that differs is run again, each way.
const attempts = 3

func (d *difference) String() string {
	reason := cmp.Or(d.reason, "UNEXPLAINED")
	return fmt.Sprintf("%s %s: %s without probes, %s with; again: passes %d of %d without, %d with: %s", d.pkg, d.name,
		cmp.Or(d.plain, "no result"), cmp.Or(d.probed, "no result"), d.plainAgain, attempts, d.probedAgain, reason)
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
		byPackage[d.pkg] = append(byPackage[d.pkg], d)
	}
	for _, pkg := range slices.Sorted(maps.Keys(byPackage)) {
		for i := range attempts {
			list := byPackage[pkg]
			plain, err := r.test(dir, fmt.Sprintf("%s.again%d.plain", o.row.name, i), r.goTest("go", only(o.row, list)), []string{pkg})
			if err != nil {
				return err
			}
			probed, err := r.test(dir, fmt.Sprintf("%s.again%d.probed", o.row.name, i), r.goTest(r.at, only(o.row, list)), []string{pkg})
			if err != nil {
				return err
			}
			for _, d := range list {
				d.plainAgain += passed(plain, d.test)
				d.probedAgain += passed(probed, d.test)
			}
		}
	}
	for _, d := range o.differences {
		d.reason = cmp.Or(o.row.explains(d), d.explain())
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
	case d.plainAgain == attempts && d.probedAgain == attempts:
		return "depends on timing: passes every time both ways when it is run again"
	case d.plainAgain == 0 && d.probedAgain == 0:
		return "depends on chance or on the machine: fails both ways when it is run again"
	case 0 < d.plainAgain && d.plainAgain < attempts:
		return "depends on timing: without probes it passes only at times"
	}
	return ""
}
