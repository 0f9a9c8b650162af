package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// A test is a test, subtest, example or fuzz target. With an empty name it is its package as a whole.
type test struct{ pkg, name string }

// results are how tests ended: "pass", "fail" or "skip". One that began and did not end is none of these.
type results struct {
	ended    map[test]string
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
	return fmt.Sprintf("%d pass, %d fail, %d are skipped, in %d packages and %s", n["pass"], n["fail"], n["skip"], r.packages,
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

// parseEvents reads events: one a line, between which other lines are no events (see go doc test2json).
func parseEvents(in io.Reader) (*results, error) {
	r := &results{ended: map[test]string{}}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil && err != io.EOF {
			return nil, err
		}
		if line = bytes.TrimSpace(line); bytes.HasPrefix(line, []byte("{")) {
			var event struct {
				Action, Package, Test string
				Elapsed               float64 // seconds
			}
			if err := json.Unmarshal(line, &event); err != nil {
				return nil, err
			}
			switch event.Action {
			case "pass", "fail", "skip":
				r.ended[test{event.Package, event.Test}] = event.Action
				if event.Test == "" {
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
