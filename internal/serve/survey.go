package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/terminal"
)

// maxLabel bounds what a label takes from another program, in bytes.
const maxLabel = 128

// A survey knows what is stuck in the programs of this host. It is safe for concurrent use.
type survey struct {
	opt Options

	mu       sync.Mutex
	programs map[programID]*program
}

// A programID names a process as the record does.
type programID struct {
	pid   int
	start uint64
}

func (id programID) String() string { return fmt.Sprintf("%d-%d", id.pid, id.start) }

// A program is one that runs and has a record.
type program struct {
	entry     record.Entry
	name      string // of its executable
	container string
	last      *look // nil: none yet
	told      *look // the last that did not fail, whose findings have been told; nil: none yet
	proved    time.Time
}

// A look is the summary of one look at a program.
type look struct {
	at       time.Time
	fault    string // why it could not be looked at; empty: it could
	complete bool
	counts   map[diagnose.Verdict]int
	findings map[findingKey]*finding
	process  snapshot.Process
	waits    []siteWaits
	// kept is what proven leaks keep alive; negative: nobody has read the heap.
	kept int64
}

// A findingKey recognises a finding in the next look: by its kind and by where its first goroutine is. The number tells
// several of them apart.
type findingKey struct {
	kind diagnose.Kind
	file string
	line int
	n    int
}

// A finding is one that a look has shown.
type finding struct {
	certainty  diagnose.Certainty
	title      string
	function   string
	goroutines int
	oldest     time.Duration     // the longest wait in it
	labels     map[string]string // of its first goroutine
}

func newSurvey(opt Options) *survey {
	return &survey{opt: opt, programs: make(map[programID]*program)}
}

// A change is a finding that has appeared, or is gone.
type change struct {
	program *program
	key     findingKey
	finding *finding
	gone    bool
}

// refresh looks at all programs, and returns what has changed since the last time.
func (s *survey) refresh(ctx context.Context) ([]change, error) {
	list, err := record.List(s.opt.Dir)
	if err != nil {
		return nil, err
	}
	here := make(map[programID]bool)
	var changes []change
	for _, e := range list {
		if !e.Live || e.Doubt != "" || ctx.Err() != nil {
			continue
		}
		id := programID{e.Pid, e.StartTicks}
		here[id] = true
		p := s.program(id, e)
		now, prove := s.look(ctx, p)
		changes = append(changes, s.note(p, now, prove)...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, p := range s.programs {
		if !here[id] && ctx.Err() == nil {
			delete(s.programs, id)
			changes = append(changes, changed(p, p.told, nil)...)
		}
	}
	return changes, ctx.Err()
}

// note makes now the last look at p, and returns what has changed since the one before. A look that failed changes nothing.
func (s *survey) note(p *program, now *look, proved bool) []change {
	s.mu.Lock()
	defer s.mu.Unlock()
	if proved {
		p.proved = now.at
	}
	if p.last != nil && now.kept < 0 {
		now.kept = p.last.kept
	}
	p.last = now
	if now.fault != "" {
		return nil
	}
	was := p.told
	p.told = now
	return changed(p, was, now)
}

// program returns the program of an entry.
func (s *survey) program(id programID, e record.Entry) *program {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.programs[id]
	if p == nil {
		p = &program{name: "unknown", container: label(e.Container)}
		s.programs[id] = p
	}
	p.entry = e
	return p
}

// look looks at a program, and reports whether it has read its heap.
func (s *survey) look(ctx context.Context, p *program) (l *look, proved bool) {
	prove := s.opt.Prove != inspect.ProveNever && time.Since(p.proved) >= s.opt.ProveEvery
	r, err := s.report(ctx, p.entry, prove)
	if err != nil {
		return &look{at: time.Now(), fault: err.Error(), kept: -1}, prove
	}
	l = summarize(r)
	s.mu.Lock()
	p.name = label(cmp.Or(filepath.Base(r.Snapshot.Process.Exe), "unknown"))
	s.mu.Unlock()
	return l, prove
}

// report diagnoses the program of an entry: by its record alone, or with its heap.
func (s *survey) report(ctx context.Context, e record.Entry, prove bool) (*diagnose.Report, error) {
	rec, err := record.OpenEntry(e)
	if err != nil {
		return nil, err
	}
	opt := inspect.Options{
		Options: diagnose.Options{After: cmp.Or(s.opt.After, rec.After(), diagnose.DefaultAfter)},
		NoStop:  !prove, Prove: inspect.ProveNever,
	}
	if prove {
		opt.Prove = s.opt.Prove
	}
	session := inspect.Recorded(rec)
	defer session.Close()
	return session.Report(ctx, opt)
}

// find returns the entry of the program that a URL names by its id, its pid, or, where only one has it, its name.
func (s *survey) find(name string) (record.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []record.Entry
	var ids []string
	for id, p := range s.programs {
		if id.String() == name || fmt.Sprint(id.pid) == name {
			return p.entry, nil
		}
		if p.name == name {
			found, ids = append(found, p.entry), append(ids, id.String())
		}
	}
	switch {
	case name == "":
		return record.Entry{}, errors.New("no program: want its name or pid, such as /report/4711")
	case len(found) == 0:
		return record.Entry{}, fmt.Errorf("there is no instrumented program %q here", label(name))
	case len(found) > 1:
		slices.Sort(ids)
		return record.Entry{}, fmt.Errorf("%d programs have the name %s: want one of %s", len(found), label(name), strings.Join(ids, ", "))
	}
	return found[0], nil
}

// A row is a program with its last look.
type row struct {
	id   programID
	p    program
	look *look
}

// rows returns the programs that were looked at, by name and id.
func (s *survey) rows() []row {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []row
	for id, p := range s.programs {
		if p.last != nil {
			list = append(list, row{id, *p, p.last})
		}
	}
	slices.SortFunc(list, func(a, b row) int {
		return cmp.Or(cmp.Compare(a.p.name, b.p.name), cmp.Compare(a.id.pid, b.id.pid), cmp.Compare(a.id.start, b.id.start))
	})
	return list
}

// summarize keeps of a report what the engines are told.
func summarize(r *diagnose.Report) *look {
	snap := r.Snapshot
	l := &look{
		at: time.Now(), complete: len(snap.Dropped) == 0, counts: r.Counts, process: snap.Process, kept: -1, waits: waitsOf(snap),
		findings: make(map[findingKey]*finding),
	}
	if m := snap.Memory; m != nil && m.NoProof == "" {
		l.kept = int64(m.KeptBytes)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		sum := &finding{certainty: f.Certainty, title: cut(terminal.Line(f.Title), 4*maxLabel), goroutines: len(f.Goroutines)}
		key := findingKey{kind: f.Kind}
		for k, id := range append([]int64{f.Root}, f.Goroutines...) {
			n, ok := r.Find(id)
			if !ok {
				continue
			}
			g := &snap.Goroutines[n]
			if g.LastAt != 0 {
				sum.oldest = max(sum.oldest, time.Duration(snap.Taken-g.LastAt))
			}
			if g.Last != nil && key.file == "" && k <= 1 {
				key.file, key.line, sum.function, sum.labels = g.Last.File, g.Last.Line, g.Last.Func, g.Labels
			}
		}
		for l.findings[key] != nil {
			key.n++
		}
		l.findings[key] = sum
	}
	return l
}

// changed returns the findings that are in now and were not in was, and the other way round. Those that are only possible
// are none.
func changed(p *program, was, now *look) []change {
	var list []change
	of := func(l *look, k findingKey) *finding {
		if l == nil || l.findings[k] == nil || l.findings[k].certainty == diagnose.Possible {
			return nil
		}
		return l.findings[k]
	}
	each := func(l, other *look, gone bool) {
		if l == nil {
			return
		}
		for k := range l.findings {
			if f := of(l, k); f != nil && of(other, k) == nil {
				list = append(list, change{p, k, f, gone})
			}
		}
	}
	each(now, was, false)
	each(was, now, true)
	slices.SortFunc(list, func(a, b change) int {
		return cmp.Or(cmp.Compare(a.key.kind, b.key.kind), cmp.Compare(a.key.file, b.key.file), cmp.Compare(a.key.line, b.key.line), cmp.Compare(a.key.n, b.key.n))
	})
	return list
}

// label makes a label of what another program says of itself: without control characters, and not too long.
func label(s string) string { return cut(terminal.Line(strings.ToValidUTF8(s, "?")), maxLabel) }

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n-len("…")], "") + "…"
}
