//go:build linux && (amd64 || arm64)

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/testing/reachtest"
	"github.com/awaittrace/awaittrace/internal/testing/script"
)

var (
	writesProfile = regexp.MustCompile(`\bprof\.WriteTo\(`)
	registers     = regexp.MustCompile(`(?m)^\s*register\("(\w+)"`)
	goroutines    = regexp.MustCompile(`(?m)^goroutine (\d+) .*\[([^\]]*)\]:\n((?:.+\n)*)`)
	entries       = regexp.MustCompile(`(?m)^(?:main\.)?(.*)\n.*\n(?:created by .*)`)
	tests         = regexp.MustCompile(`\bmake\w*Test\("(\w+)",`)
	quoted        = regexp.MustCompile("`([^`]*)`")
)

// pausing is added to Go's programs: they are looked at before they take their profile.
const pausing = `package main

import (
	"io"
	"os"
	"runtime/pprof"
	"syscall"
)

func profile(p *pprof.Profile, w io.Writer, debug int) {
	os.Stdout.WriteString("ready\n")
	syscall.Read(0, make([]byte, 1))
	p.WriteTo(w, debug)
}
`

// goProfile holds reach against Go's own profile of leaks, and against what Go's own tests say of each program: which
// of its goroutines leak, whether or not the profile always finds them.
func (j *job) goProfile() error {
	root, err := j.Output("", "go", "env", "GOROOT")
	if err != nil {
		return err
	}
	from := filepath.Join(strings.TrimSpace(root), "src", "runtime")
	leaks, err := knownLeaks(filepath.Join(from, "goroutineleakprofile_test.go"))
	if err != nil {
		return err
	}
	var programs, marked, proven, missed, extra int
	for _, sub := range []string{".", "goker"} {
		exe := j.Path("profile-" + filepath.Base(sub))
		names, err := j.copyProfiled(filepath.Join(from, "testdata", "testgoroutineleakprofile", sub), exe)
		if err != nil {
			return err
		}
		for _, name := range names {
			p, err := profiled(exe, name)
			if err != nil {
				fmt.Fprintf(j.log, "reach: %s: %v\n", name, err)
				continue
			}
			programs, marked, proven = programs+1, marked+len(p.theirs), proven+len(p.ours)
			missed, extra = missed+j.missed(name, p), extra+j.extra(name, p)
			j.judge(name, p, leaks[name])
		}
	}
	fmt.Fprintf(j.out, "%d of Go's programs, go%s: Go marks %d, proven are %d; %d of Go's are not, %d are more\n",
		programs, here(), marked, proven, missed, extra)
	return nil
}

// knownLeaks reads what Go's test says of its programs: by name, what the first function of a goroutine that leaks and
// its wait reason match.
func knownLeaks(file string) (map[string][]*regexp.Regexp, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	leaks := make(map[string][]*regexp.Regexp)
	all := tests.FindAllSubmatchIndex(text, -1)
	for i, m := range all {
		end := len(text)
		if i+1 < len(all) {
			end = all[i+1][0]
		}
		for _, q := range quoted.FindAllSubmatch(text[m[1]:end], -1) {
			re, err := regexp.Compile(string(q[1]))
			if err != nil {
				return nil, err
			}
			name := string(text[m[2]:m[3]])
			leaks[name] = append(leaks[name], re)
		}
	}
	if len(leaks) == 0 {
		return nil, fmt.Errorf("%s has no tests", file)
	}
	return leaks, nil
}

// missed prints what Go marks and is not proven.
func (j *job) missed(name string, p *profile) (n int) {
	why := make(map[string]int)
	for _, id := range p.theirs {
		if !slices.Contains(p.ours, id) {
			_, reason := p.look.Answer(id)
			why[p.text[id]+" "+reason]++
			n++
		}
	}
	for text, k := range why {
		fmt.Fprintf(j.out, "    %s: marked by Go, and not proven: %d of %s\n", name, k, text)
	}
	return n
}

// extra prints what is proven and not marked by Go.
func (j *job) extra(name string, p *profile) (n int) {
	more := make(map[string]int)
	for _, id := range p.ours {
		if !slices.Contains(p.theirs, id) {
			more[p.text[id]]++
			n++
		}
	}
	for text, k := range more {
		fmt.Fprintf(j.out, "    %s: proven, and not marked by Go in this run: %d of %s\n", name, k, text)
	}
	return n
}

// judge counts the proofs of what Go's test does not know to leak, nor Go's profile where Go has no test, and those of
// goroutines that were woken later.
func (j *job) judge(name string, p *profile, leaks []*regexp.Regexp) {
	marked := make(map[string]bool)
	for _, id := range p.theirs {
		marked[p.text[id]] = true
	}
	for _, id := range p.ours {
		if leaks == nil && marked[p.text[id]] {
			continue
		}
		if !slices.ContainsFunc(leaks, func(re *regexp.Regexp) bool { return re.MatchString(p.text[id]) }) {
			j.wrong++
			fmt.Fprintf(j.out, "    %s: FALSE: goroutine %d is proven, and none of Go's leaks: %s\n", name, id,
				p.text[id])
		}
	}
	for _, id := range p.changed {
		j.wrong++
		fmt.Fprintf(j.out, "    %s: FALSE: goroutine %d was proven, and has been woken: %s\n", name, id, p.text[id])
	}
}

// copyProfiled builds the programs of a folder so that they wait before they take their profile, and returns their
// names.
func (j *job) copyProfiled(from, exe string) (names []string, err error) {
	dir := exe + "-source"
	files, err := filepath.Glob(filepath.Join(from, "*.go"))
	if err != nil {
		return nil, err
	}
	texts := map[string]string{"go.mod": "module profiled\n\ngo 1.26\n", "zprofile.go": pausing}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for _, m := range registers.FindAllSubmatch(text, -1) {
			names = append(names, string(m[1]))
		}
		texts[filepath.Base(name)] = writesProfile.ReplaceAllString(string(text), "profile(prof, ")
	}
	if err := script.Write(dir, texts); err != nil {
		return nil, err
	}
	return names, j.goBuild(dir, exe, variant{env: []string{"GOEXPERIMENT=goroutineleakprofile"}})
}

// A profile is what was found in one of Go's programs.
type profile struct {
	theirs, ours []int64 // ours at any look
	changed      []int64 // proven at a moment, and woken or gone later
	look         *reachtest.Look
	// text has, by goroutine, its first function and its wait reason, as Go's test writes them.
	text map[int64]string
}

// maxLooks is how often a program is looked at until nothing in it changes any more.
const maxLooks = 40

// profiled runs one of Go's programs, looks at it when it has become quiet, and has it write Go's profile.
func profiled(exe, name string) (p *profile, err error) {
	cmd := exec.Command(exe, name)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	r, err := reachtest.Start(cmd)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	p = &profile{text: make(map[int64]string)}
	var last []int64
	for same, i := 0, 0; same < 2 && i < maxLooks; i++ {
		time.Sleep(200 * time.Millisecond) // Go's profile comes a little later, too
		look, err := reachtest.LookAt(r.Pid(), nil)
		if err != nil {
			return nil, err
		}
		ours := look.Proven()
		look.Plan.Close()
		if same++; !slices.Equal(ours, last) {
			same = 0
		}
		for _, id := range p.ours {
			// Live again is one that a thread seems to have at hand: it may be something old on its stack.
			if answer, _ := look.Answer(id); answer == reach.None && !slices.Contains(p.changed, id) {
				p.changed = append(p.changed, id)
			}
		}
		p.look, last = look, ours
		p.ours = append(p.ours, ours...) // what was proven once is so
		slices.Sort(p.ours)
		p.ours = slices.Compact(p.ours)
	}
	stdin.Close() // also for programs that take more than one profile
	for _, m := range goroutines.FindAllStringSubmatch(r.Rest(), -1) {
		id, _ := strconv.ParseInt(m[1], 10, 64)
		reason := strings.ReplaceAll(m[2], " (leaked)", "")
		state, _, _ := strings.Cut(reason, ", ") // without the minutes
		if e := entries.FindStringSubmatch(m[3]); e != nil {
			p.text[id] = e[1] + " [" + state + "]"
		}
		if reason != m[2] {
			p.theirs = append(p.theirs, id)
		}
	}
	slices.Sort(p.theirs)
	p.theirs = slices.Compact(p.theirs)
	return p, nil
}
