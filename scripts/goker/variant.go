package main

import (
	"go/version"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// A variant is the corpus built with one tool.
type variant struct {
	name  string
	pprof string // package of this module in place of runtime/pprof
	sync  string // the same of sync; empty: none
	env   []string
	// told returns the goroutines that the tool's own answer names. It is nil for awaittrace, which looks from outside.
	told func(answer, dir string) map[int64]bool
}

const (
	probed = "awaittrace"
	proven = "awaittrace with the leak profile" // which the program takes before the report
)

// leakProfile has a build with the goroutineleak profile. Since Go 1.27 all have it.
func leakProfile() []string {
	if version.Compare(runtime.Version(), "go1.27") >= 0 {
		return nil
	}
	return []string{"GOEXPERIMENT=goroutineleakprofile"}
}

var variants = []variant{
	{name: probed, pprof: "hold"},
	{name: proven, pprof: "hold/leakprofile", env: leakProfile()},
	{name: "goleak", pprof: "hold/goleak", told: numbered(`Goroutine (\d+) in state`)},
	{name: "go-deadlock", pprof: "hold/godeadlock", sync: "hold/godeadlock/sync",
		told: numbered(`(?m)goroutine (\d+) lock 0x`)},
	{name: "goroutineleak", pprof: "hold/leakprofile", env: leakProfile(), told: leaked},
}

func variantNames() string {
	names := make([]string, len(variants))
	for i, v := range variants {
		names[i] = v.name
	}
	return strings.Join(names, ", ")
}

// numbered returns a function that finds goroutines by a pattern whose group is the ID.
func numbered(pattern string) func(answer, dir string) map[int64]bool {
	re := regexp.MustCompile(pattern)
	return func(answer, _ string) map[int64]bool {
		told := make(map[int64]bool)
		for _, m := range re.FindAllStringSubmatch(answer, -1) {
			if id, err := strconv.ParseInt(m[1], 10, 64); err == nil {
				told[id] = true
			}
		}
		return told
	}
}

// leaked returns the goroutines that the leak profile calls so.
func leaked(answer, dir string) map[int64]bool {
	told := make(map[int64]bool)
	for id, g := range parseDump(answer, dir) {
		if g.leaked {
			told[id] = true
		}
	}
	return told
}
