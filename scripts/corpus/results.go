package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A test is a test, subtest, example or fuzz target. With an empty name it is its package as a whole.
type test struct{ pkg, name string }

// results are how tests ended: "pass", "fail" or "skip". One that began and did not end is none of these.
type results struct {
	ended    map[test]string
	left     map[test]string // what tests leave stuck, by which awaittrace test has failed them: the first finding
	packages int
	elapsed  time.Duration // of the test binaries: building them does not count
	log      string        // the file that it was read from
	errors   string        // the file that has what was written to standard error
}

// passing is the number of tests that pass.
func (r *results) passing() int {
	n := 0
	for t, action := range r.ended {
		if t.name != "" && action == "pass" {
			n++
		}
	}
	return n
}

func (r *results) String() string {
	n := map[string]int{}
	for t, action := range r.ended {
		if t.name != "" {
			n[action]++
		}
	}
	return fmt.Sprintf("%d pass, %d fail, %d are skipped, in %d packages and %s", n["pass"], n["fail"], n["skip"],
		r.packages,
		r.elapsed.Round(time.Millisecond))
}

// readResults reads the events that go test -json has written to a file.
func readResults(name string) (*results, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := parseEvents(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %v", name, err)
	}
	r.log = name
	return r, nil
}

// leavesStuck is how awaittrace test begins what it says of a test that leaves goroutines stuck. The findings follow.
var leavesStuck = regexp.MustCompile(`^ *\S+:\d+: it leaves \d+ goroutines? stuck:\n$`)

// seed is a number in a test's name that is another one in each run.
var seed = regexp.MustCompile(`\d{16,}`)

// leftBy is the first finding about a test, its subtests or the tests of a package, or "".
func (r *results) leftBy(t test) string {
	var found []string
	for of, finding := range r.left {
		if of.pkg == t.pkg && (t.name == "" || of.name == t.name || strings.HasPrefix(of.name, t.name+"/")) {
			found = append(found, finding)
		}
	}
	if len(found) == 0 {
		return ""
	}
	return slices.Min(found)
}

// parseEvents reads events: one a line, between which other lines are no events (see go doc test2json).
func parseEvents(in io.Reader) (*results, error) {
	r := &results{ended: map[test]string{}, left: map[test]string{}}
	findings := map[test]bool{} // the next line of output is the first finding
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, err
		}
		if line = bytes.TrimSpace(line); bytes.HasPrefix(line, []byte("{")) {
			var event struct {
				Action, Package, Test, Output string
				Elapsed                       float64 // seconds
			}
			if err := json.Unmarshal(line, &event); err != nil {
				return nil, err
			}
			t := test{event.Package, seed.ReplaceAllString(event.Test, "N")}
			switch event.Action {
			case "output":
				if findings[t] {
					r.left[t] = strings.TrimSpace(event.Output)
				}
				findings[t] = leavesStuck.MatchString(event.Output)
			case "pass", "fail", "skip":
				r.ended[t] = event.Action
				if t.name == "" {
					r.packages++
					r.elapsed += time.Duration(event.Elapsed * float64(time.Second))
				}
			}
		}
		if err == io.EOF {
			return r, nil
		}
	}
}
