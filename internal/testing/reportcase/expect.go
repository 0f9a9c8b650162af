package reportcase

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Case is a program and what the reports on it must say.
type Case struct {
	Name string // of the folder
	Dir  string
	From string // the public report
	// Kinds are the kinds of hang that it stands for, and Twins the programs of testdata/healthy that come near to it.
	Kinds, Twins []string
	Runs         []*Run
}

// A Run is one run of a case's program.
type Run struct {
	Args     []string
	Wait     time.Duration // before the report is taken
	Busy     bool          // the program uses a processor
	Findings []*Finding
	Say, Not []Phrase // in all findings together
	Text     []Phrase // in the text report
	Never    []Phrase // nowhere in the text report
	Others   bool     // further findings are allowed
	Nothing  bool     // no finding that is certain or likely
	Todo     string   // why the report does not tell this yet
}

// A Finding is one finding that the report must have.
type Finding struct {
	Kinds, Certainties []string
	Root               []string // places of which the root stands at one; empty: any
	Goroutines         int      // zero: any number
	OrMore             bool     // Goroutines is the least number
	Say, Not           []Phrase
}

// A Phrase is a text, or a regular expression, that is looked for.
type Phrase struct {
	text string
	re   *regexp.Regexp
}

func (p Phrase) String() string { return p.text }

// In reports whether p is in s.
func (p Phrase) In(s string) bool {
	if p.re != nil {
		return p.re.MatchString(s)
	}
	return strings.Contains(s, p.text)
}

var (
	marker = regexp.MustCompile(`(?m)// @([a-z]\w*)$`)
	mark   = regexp.MustCompile(`@[a-z]\w*`)
)

// Read reads the case in dir.
func Read(dir string) (*Case, error) {
	text, err := os.ReadFile(filepath.Join(dir, "EXPECT"))
	if err != nil {
		return nil, err
	}
	places, err := readMarkers(dir)
	if err != nil {
		return nil, err
	}
	c := &Case{Name: filepath.Base(dir), Dir: dir}
	p := parser{c: c, places: places}
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := p.line(line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", filepath.Join(dir, "EXPECT"), i+1, err)
		}
	}
	if c.From == "" || len(c.Runs) == 0 {
		return nil, fmt.Errorf("%s: no from or no finding", filepath.Join(dir, "EXPECT"))
	}
	return c, nil
}

// readMarkers returns the places of the markers in dir's Go files.
func readMarkers(dir string) (map[string]string, error) {
	places := make(map[string]string)
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		for _, m := range marker.FindAllSubmatchIndex(text, -1) {
			name := string(text[m[2]:m[3]])
			line := 1 + strings.Count(string(text[:m[0]]), "\n")
			if places[name] != "" {
				return nil, fmt.Errorf("%s:%d: marker @%s is at %s, too", file, line, name, places[name])
			}
			places[name] = fmt.Sprintf("%s:%d", filepath.Base(file), line)
		}
	}
	return places, nil
}

// A parser reads the lines of an EXPECT.
type parser struct {
	c      *Case
	places map[string]string
	run    *Run
	f      *Finding
}

func (p *parser) line(line string) error {
	key, value, ok := strings.Cut(line, ":")
	if value = strings.TrimSpace(value); !ok || value == "" {
		return fmt.Errorf("want key: value, have %q", line)
	}
	switch key {
	case "from":
		p.c.From = value
		return nil
	case "kind":
		p.c.Kinds = strings.Fields(value)
		return nil
	case "twin":
		p.c.Twins = strings.Fields(value)
		return nil
	case "run":
		p.run, p.f = &Run{Args: strings.Fields(value), Wait: 5 * time.Second}, nil
		p.c.Runs = append(p.c.Runs, p.run)
		return nil
	}
	if p.run == nil {
		p.run = &Run{Wait: 5 * time.Second}
		p.c.Runs = append(p.c.Runs, p.run)
	}
	if key == "finding" || key == "goroutines" {
		return p.finding(key, value)
	}
	return p.fact(key, value)
}

// finding reads a line about a finding.
func (p *parser) finding(key, value string) (err error) {
	if key == "goroutines" {
		if p.f == nil {
			return fmt.Errorf("goroutines before the first finding")
		}
		n, more := strings.CutSuffix(value, "+")
		p.f.OrMore = more
		p.f.Goroutines, err = strconv.Atoi(n)
		return err
	}
	fields := strings.Fields(value)
	if len(fields) < 2 {
		return fmt.Errorf("finding: want kind and certainty, have %q", value)
	}
	p.f = &Finding{Kinds: strings.Split(fields[0], "|"), Certainties: strings.Split(fields[1], "|")}
	for _, s := range fields[2:] {
		place, err := p.expand(s)
		if err != nil {
			return err
		}
		p.f.Root = append(p.f.Root, place)
	}
	p.run.Findings = append(p.run.Findings, p.f)
	return nil
}

// fact reads any other line of a run.
func (p *parser) fact(key, value string) (err error) {
	switch key {
	case "wait":
		p.run.Wait, err = time.ParseDuration(value)
	case "busy":
		p.run.Busy = value == "yes"
	case "nothing":
		p.run.Nothing = value == "yes"
	case "others":
		p.run.Others = value == "allowed"
	case "todo":
		p.run.Todo = value
	case "say", "not", "text", "never":
		var ph Phrase
		if ph, err = p.phrase(value); err != nil {
			return err
		}
		list := map[string]*[]Phrase{"say": &p.run.Say, "not": &p.run.Not, "text": &p.run.Text, "never": &p.run.Never}
		if p.f != nil {
			list["say"], list["not"] = &p.f.Say, &p.f.Not
		}
		*list[key] = append(*list[key], ph)
	default:
		err = fmt.Errorf("unknown key %q", key)
	}
	return err
}

func (p *parser) phrase(value string) (Phrase, error) {
	if len(value) > 2 && value[0] == '/' && value[len(value)-1] == '/' {
		re, err := regexp.Compile("(?s)" + value[1:len(value)-1])
		return Phrase{value, re}, err
	}
	text, err := p.expand(value)
	return Phrase{text: text}, err
}

// expand replaces markers by their places.
func (p *parser) expand(s string) (string, error) {
	var unknown string
	s = mark.ReplaceAllStringFunc(s, func(m string) string {
		if p.places[m[1:]] == "" {
			unknown = m
		}
		return p.places[m[1:]]
	})
	if unknown != "" {
		return "", fmt.Errorf("no marker %s in the Go files (have %v)", unknown, maps.Clone(p.places))
	}
	return s, nil
}
