package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/recorded"
	"github.com/awaittrace/awaittrace/internal/report"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// maxLabel bounds what a label takes from another program, in bytes.
const maxLabel = 128

// A survey knows what is stuck in the programs of this host. It is safe for concurrent use.
type survey struct {
	opt  Options
	list func() ([]record.Entry, error) // only refresh uses it

	// credit bounds looks, in goroutines: see refresh. refreshed is when it grew last. Only refresh uses them.
	credit    float64
	refreshed time.Time
	buffer    record.Buffer // for pulses; only refresh uses it

	mu       sync.Mutex
	programs map[programID]*program
}

// Looks that are not urgent need credit, which grows with time, up to maxCredit. A look costs its goroutines and
// lookCost. Half of maxCredit is for urgent looks.
const (
	creditPerSecond = 500
	maxCredit       = 400_000
	lookCost        = 100
)

// A programID names a process as the record does.
type programID struct {
	pid   int
	start uint64
}

func (id programID) String() string { return fmt.Sprintf("%d-%d", id.pid, id.start) }

// A program is a running program with a record.
type program struct {
	entry     record.Entry
	name      string // of its executable
	container string
	last      *look // nil: none yet
	told      *look // the last that did not fail, whose findings were passed on; nil: none yet
	proved    time.Time

	// pulse is that of the last look, and now that of the last round; nil: none yet, or the program could not be read.
	// peak has the most goroutines at each site in any look. Only refresh uses them.
	pulse, now *record.Pulse
	peak       map[uint32]int
}

// A look is the summary of one look at a program.
type look struct {
	at       time.Time
	fault    string // why the look failed; empty: it did not
	complete bool
	counts   map[diagnose.Verdict]int
	findings map[diagnose.Key]*finding
	process  snapshot.Process
	waits    []siteWaits
	// kept is what proven leaks keep alive; negative: nobody has read the heap.
	kept int64
}

// A finding is the summary of a finding in a look.
type finding struct {
	certainty  diagnose.Certainty
	title      string
	function   string
	goroutines int
	oldest     time.Duration     // the longest wait in it
	labels     map[string]string // of its first goroutine
}

func newSurvey(opt Options) *survey {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	var lister record.Lister
	return &survey{opt: opt, list: func() ([]record.Entry, error) { return lister.List(opt.Dir) },
		programs: make(map[programID]*program)}
}

// A change is a finding that has appeared, or is gone.
type change struct {
	program *program
	key     diagnose.Key
	finding *finding
	gone    bool
}

// refresh takes the pulse of all programs, looks at those that may show something new, and calls tell with the changes
// since the last round. The report is nil if the program has ended.
//
// It always looks at new programs, and at others as far as there is credit: urgent ones first, then those with the
// oldest look.
func (s *survey) refresh(ctx context.Context, tell func([]change, *diagnose.Report)) error {
	list, err := s.list()
	if err != nil {
		return err
	}
	now := time.Now()
	s.earn(now)
	here := make(map[programID]bool)
	var due []*program
	for _, e := range list {
		if !e.Live || e.Doubt != "" || ctx.Err() != nil {
			continue
		}
		id := programID{e.Pid, e.StartTicks}
		here[id] = true
		p := s.program(id, e)
		if s.takePulse(p); s.urgency(p, now) > idle {
			due = append(due, p)
		}
	}
	slices.SortStableFunc(due, func(a, b *program) int {
		return cmp.Or(cmp.Compare(s.urgency(b, now), s.urgency(a, now)), a.lookedAt().Compare(b.lookedAt()))
	})
	for _, p := range due {
		if ctx.Err() == nil && s.affords(s.urgency(p, now)) {
			s.lookAt(ctx, p, tell)
		}
	}
	s.mu.Lock()
	var gone []*program
	for id, p := range s.programs {
		if !here[id] && ctx.Err() == nil {
			delete(s.programs, id)
			gone = append(gone, p)
		}
	}
	s.mu.Unlock()
	for _, p := range gone {
		tell(changed(p, p.told, nil), nil)
	}
	return ctx.Err()
}

// earn adds the credit for the time since the last round. The first round has all.
func (s *survey) earn(now time.Time) {
	if s.refreshed.IsZero() {
		s.credit = maxCredit
	}
	s.credit = min(s.credit+max(now.Sub(s.refreshed).Seconds(), 0)*creditPerSecond, maxCredit)
	s.refreshed = now
}

// affords reports whether there is credit for a look.
func (s *survey) affords(u urgency) bool {
	switch u {
	case unknown:
		return true
	case urgent:
		return s.credit > 0
	}
	return s.credit > maxCredit/2
}

// takePulse takes the pulse of a program, and updates how long its goroutines waited.
func (s *survey) takePulse(p *program) {
	p.now = nil
	rec, err := record.OpenEntry(p.entry)
	if err != nil {
		return // the look will say so
	}
	defer rec.Close()
	rec.Use(&s.buffer)
	if p.now, err = rec.Pulse(s.after(rec)); err != nil {
		p.now = nil
		return
	}
	if p.pulse == nil || p.pulse.Started != p.now.Started {
		return
	}
	s.mu.Lock()
	last := p.last
	s.mu.Unlock()
	if last == nil || len(last.waits) == 0 {
		return
	}
	sites := make([]uint32, len(last.waits))
	for i := range last.waits {
		sites[i] = last.waits[i].waited.Site
	}
	waited, err := rec.WaitedAt(sites)
	if err != nil {
		return
	}
	fresh := *last
	fresh.waits = slices.Clone(last.waits)
	for i := range fresh.waits {
		if w := waited[sites[i]]; w != nil {
			fresh.waits[i].waited = *w
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.told == last {
		p.told = &fresh
	}
	p.last = &fresh
}

// An urgency says how soon to look at a program.
type urgency int

const (
	idle    urgency = iota // a look would show the same again
	quiet                  // goroutines have moved, or time has passed
	urgent                 // waits have begun or ended that may add or remove a finding
	unknown                // there was no look yet
)

// again is the time between looks at a program in which nothing moves: waits get longer.
const again = time.Minute

// urgency compares the pulse of p with that of the last look at it.
func (s *survey) urgency(p *program, now time.Time) urgency {
	switch {
	case p.last == nil || p.last.fault != "" || p.pulse == nil || p.now == nil || p.pulse.Started != p.now.Started:
		return unknown
	case p.now.Blocked != p.pulse.Blocked:
		return urgent
	}
	for site, n := range p.now.Standing {
		if n > 2*p.peak[site] {
			return urgent
		}
	}
	if s.provable(p) {
		return quiet
	}
	if age := now.Sub(p.last.at); p.now.Steps != p.pulse.Steps || age >= again || age < 0 {
		return quiet
	}
	return idle
}

func (p *program) lookedAt() time.Time {
	if p.last == nil {
		return time.Time{}
	}
	return p.last.at
}

// lookAt looks at a program, and passes on what has changed.
func (s *survey) lookAt(ctx context.Context, p *program, tell func([]change, *diagnose.Report)) {
	now, r, prove := s.look(ctx, p)
	if now == nil {
		return
	}
	s.credit -= lookCost
	if p.now != nil {
		s.credit -= float64(p.now.Goroutines)
		if p.pulse == nil || p.pulse.Started != p.now.Started {
			p.peak = make(map[uint32]int)
		}
		for site, n := range p.now.Standing {
			p.peak[site] = max(p.peak[site], n)
		}
	}
	p.pulse = p.now
	tell(s.note(p, now, prove), r)
}

// note makes now the last look at p, and returns what has changed since the one before. A look that failed changes
// nothing.
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

// look looks at a program, and reports whether it has read its heap. The summary is nil if a debugger holds the
// program, which shows nothing new.
func (s *survey) look(ctx context.Context, p *program) (l *look, r *diagnose.Report, proved bool) {
	if procfs.Traced(p.entry.Process()) && p.last != nil {
		return nil, nil, false
	}
	prove := s.provable(p)
	var err error
	if prove {
		r, err = s.report(ctx, p.entry, true)
	} else {
		r, err = s.recorded(p.entry)
	}
	if err != nil {
		return &look{at: time.Now(), fault: err.Error(), kept: -1}, nil, prove
	}
	l = summarize(r)
	s.mu.Lock()
	p.name = label(cmp.Or(filepath.Base(r.Snapshot.Process.Exe), "unknown"))
	s.mu.Unlock()
	return l, r, prove
}

// provable reports whether to read the heap of p.
func (s *survey) provable(p *program) bool {
	return s.opt.Prove != inspect.ProveNever && s.opt.Prove != "" && time.Since(p.proved) >= s.opt.ProveEvery
}

// recorded diagnoses the program of an entry by its record alone. It reads the profiler labels of goroutines whose
// traces are shown.
func (s *survey) recorded(e record.Entry) (*diagnose.Report, error) {
	rec, err := record.OpenEntry(e)
	if err != nil {
		return nil, err
	}
	defer rec.Close()
	r, err := recorded.Diagnose(rec, diagnose.Options{After: s.after(rec)})
	if err != nil {
		return nil, err
	}
	labels := recorded.LabelsOf(rec, &r.Snapshot.Process, traced(r))
	for id, set := range labels {
		if n, ok := r.Find(id); ok {
			r.Snapshot.Goroutines[n].Labels = set
		}
	}
	return r, nil
}

// maxTraced bounds the findings of a program whose traces are read.
const maxTraced = 100

// traced returns the goroutines whose traces are shown: the first of each finding, and those that wait longest at their
// place.
func traced(r *diagnose.Report) map[int64]bool {
	ids := make(map[int64]bool)
	for i := range r.Findings[:min(len(r.Findings), maxTraced)] {
		f := &r.Findings[i]
		ids[f.Root] = true
		if len(f.Goroutines) > 0 {
			ids[f.Goroutines[0]] = true
		}
	}
	longest := make(map[*snapshot.Probe]*snapshot.Goroutine)
	for i := range r.Snapshot.Goroutines {
		g := &r.Snapshot.Goroutines[i]
		if len(g.Waits) == 0 || r.Snapshot.Waited[g.Waits[0].Probe] == nil ||
			kindOfWait(g.Waits[0].Probe.Op) == waitsNone {
			continue
		}
		if was := longest[g.Waits[0].Probe]; was == nil || g.Waits[0].Since < was.Waits[0].Since {
			longest[g.Waits[0].Probe] = g
		}
	}
	for _, g := range longest {
		if len(ids) < 2*maxTraced {
			ids[g.ID] = true
		}
	}
	return ids
}

// after returns how long a wait is in the program of rec before it is called stuck.
func (s *survey) after(rec *record.Record) time.Duration {
	return cmp.Or(s.opt.After, rec.After(), diagnose.DefaultAfter)
}

// report diagnoses the program of an entry: by its record alone, or with its heap.
func (s *survey) report(ctx context.Context, e record.Entry, prove bool) (*diagnose.Report, error) {
	rec, err := record.OpenEntry(e)
	if err != nil {
		return nil, err
	}
	opt := inspect.Options{Options: diagnose.Options{After: s.after(rec)}, NoStop: !prove, Prove: inspect.ProveNever}
	if prove {
		opt.Prove = s.opt.Prove
	}
	session := inspect.Recorded(rec)
	defer session.Close()
	return session.Report(ctx, opt)
}

// find returns the entry of the program that a URL names by its id, its pid, or its name, if that is unique.
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
		return record.Entry{}, fmt.Errorf("no instrumented program %q here", label(name))
	case len(found) > 1:
		slices.Sort(ids)
		return record.Entry{}, fmt.Errorf("%d programs have the name %s: want one of %s", len(found), label(name),
			strings.Join(ids, ", "))
	}
	return found[0], nil
}

// A row is a program with its last look.
type row struct {
	id   programID
	p    program
	look *look
}

// rows returns the programs with a look, sorted by name and id.
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
		return cmp.Or(cmp.Compare(a.p.name, b.p.name), cmp.Compare(a.id.pid, b.id.pid),
			cmp.Compare(a.id.start, b.id.start))
	})
	return list
}

// summarize returns the summary of a report.
func summarize(r *diagnose.Report) *look {
	snap := r.Snapshot
	l := &look{
		at: time.Now(), complete: len(snap.Dropped) == 0, counts: r.Counts, process: snap.Process, kept: -1,
		waits:    waitsOf(snap),
		findings: make(map[diagnose.Key]*finding),
	}
	if m := snap.Memory; m != nil && m.NoProof == "" {
		l.kept = int64(m.KeptBytes)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		sum := &finding{certainty: f.Certainty, title: cut(report.SafeLine(f.Title), 4*maxLabel),
			goroutines: len(f.Goroutines)}
		key := diagnose.Key{Kind: f.Kind}
		for k, id := range append([]int64{f.Root}, f.Goroutines...) {
			n, ok := r.Find(id)
			if !ok {
				continue
			}
			g := &snap.Goroutines[n]
			if g.LastAt != 0 {
				sum.oldest = max(sum.oldest, time.Duration(snap.Taken-g.LastAt))
			}
			if g.Last != nil && key.File == "" && k <= 1 {
				key.File, key.Line, sum.function, sum.labels = g.Last.File, g.Last.Line, g.Last.Func, g.Labels
			}
		}
		l.findings[diagnose.Numbered(l.findings, key)] = sum
	}
	return l
}

// changed returns the findings that are in only one of now and was. It ignores those that are only possible.
func changed(p *program, was, now *look) []change {
	var list []change
	of := func(l *look, k diagnose.Key) *finding {
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
	slices.SortFunc(list, func(a, b change) int { return a.key.Compare(b.key) })
	return list
}

// label returns text from another program as a label: without control characters, and not too long.
func label(s string) string { return cut(report.SafeLine(strings.ToValidUTF8(s, "?")), maxLabel) }

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n-len("…")], "") + "…"
}
