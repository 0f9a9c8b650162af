package reachtest

import (
	"fmt"
	"go/version"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Wait is a line of a program that goroutines wait in, and what its comment says of it.
type Wait struct {
	File string // without folder
	Line int
	// Want is the first word of the comment, and Name the second of a global. Any: the version of Go is one for which
	// the comment says nothing.
	Want, Name string
}

// The words of comments that package reach is asked about in a way of their own.
const (
	Leak = "leak"
	Any  = "any"
)

var words = []string{Leak, "timer", "global", "goroutine", "finalizer", "cleanup", "live", "io", Any}

var comment = regexp.MustCompile(`\S.*// (\w+)( since (go1\.\d+)| ([A-Za-z]\w*))?(:.*)?$`)

// newer are files for a version of Go and later ones.
var newer = regexp.MustCompile(`^go1(\d\d)\.go$`)

// Waits reads the comments of the program in folder dir, for a version of Go such as "go1.26.8".
func Waits(dir, goVersion string) ([]Wait, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	var list []Wait
	for _, name := range names {
		if m := newer.FindStringSubmatch(filepath.Base(name)); m != nil && version.Compare(goVersion, "go1."+m[1]) < 0 {
			continue // its build constraint is like its name
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for i, line := range strings.Split(string(b), "\n") {
			m := comment.FindStringSubmatch(line)
			if m == nil || !slices.Contains(words, m[1]) {
				continue
			}
			w := Wait{filepath.Base(name), i + 1, m[1], m[4]}
			if m[3] != "" && version.Compare(goVersion, m[3]) < 0 {
				w.Want = Any
			}
			list = append(list, w)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no waits", dir)
	}
	return list, nil
}

// A Stack is a goroutine as the program itself has written it.
type Stack struct {
	ID    int64
	State string
	// At are its places in package main, such as "chans.go:17", the innermost first.
	At []string
}

var (
	heads  = regexp.MustCompile(`(?m)^goroutine (\d+) .*\[([^\]]*)\]:\n`)
	places = regexp.MustCompile(`(?m)^main\..*\n\t.*/([^/]+\.go):(\d+)`)
)

// Stacks reads the stacks that a program has written.
func Stacks(dump string) (list []Stack) {
	all := heads.FindAllStringSubmatchIndex(dump, -1)
	for i, m := range all {
		end := len(dump)
		if i+1 < len(all) {
			end = all[i+1][0]
		}
		id, _ := strconv.ParseInt(dump[m[2]:m[3]], 10, 64)
		s := Stack{ID: id, State: dump[m[4]:m[5]]}
		text, _, _ := strings.Cut(dump[m[1]:end], "\ncreated by ")
		for _, p := range places.FindAllStringSubmatch(text, -1) {
			s.At = append(s.At, p[1]+":"+p[2])
		}
		list = append(list, s)
	}
	return list
}
