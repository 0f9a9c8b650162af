package watch

import (
	"fmt"
	"io"
	"math"
	"os/exec"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/record"
)

const (
	tick      = 50 * time.Millisecond  // how often the coarse clock of the record is moved on
	interval  = 100 * time.Millisecond // the least time between two looks at the record
	share     = 50                     // looks take one part in so many of a processor's time, on average
	shareSame = 500                    // as share, for each kind of look while nothing has changed
	// shareSure is as share, for closer looks at what the record alone calls stuck, if they always refute that.
	shareSure = 20
	shareStop = 100 // the program is stopped for one part in so many of its time
)

// Options say what is reported, and where.
type Options struct {
	// After is how long a wait lasts before it is called stuck.
	After time.Duration
	// Log receives the reports.
	Log io.Writer
	// NoSource leaves source lines out of them.
	NoSource bool
	// Examine looks at the record; nil means with a session of package inspect.
	Examine func(*record.Record, Question) (*Answer, error)
	// Runs reports whether the program runs, if a debugger holds it now and then; else it is nil. The record counts the
	// time for which it is held as waits, so it is not asked which waits are long, and Examine gets none.
	Runs func() bool
}

// A Question is what an examination must find out.
type Question struct {
	After time.Duration
	// Stacks permits a short stop of the program, to read what its goroutines do.
	Stacks bool
	// MaxPause is how long that stop may last if the heap is read too.
	MaxPause time.Duration
}

// An Answer is what an examination has found out.
type Answer struct {
	// Findings are the findings that call for a report, each with the symptoms that it explains.
	Findings [][]diagnose.Symptom
	// Possible are findings that are only possible. With the program's heap they may become more certain.
	Possible [][]diagnose.Symptom
	// Orders writes the findings about lock orders; nil: there are none. Write writes them too.
	Orders func(io.Writer) error
	// Verdict is the answer in one line.
	Verdict string
	// Stopped is how long the program was stopped.
	Stopped time.Duration
	// Resume lets a program that was stopped for the examination run again, if the answer has nothing new, and returns
	// how long it stood still. Nil: it runs already.
	Resume func() time.Duration
	// NoStates and NoProof are set if the states of the program's goroutines, or its heap, were not read, for example
	// for lack of time.
	NoStates, NoProof bool
	// First is the index of the first new finding; it is set before Write is called.
	First int
	Write func(io.Writer) error
}

// A Watcher watches one program.
type Watcher struct {
	Options
	pid     int
	started time.Time

	rec      *record.Record             // nil: not found yet, or it does not exist
	told     *told                      // what was reported
	doubts   map[diagnose.Symptom]doubt // without the kinds of finding
	child    bool                       // a descendant of the program: its status is not waited for here
	nextOpen time.Time
	nextLook time.Time
	waits    record.Waits // at the last examination

	// all bounds the cost of all looks at the record. Of that, looks is for the search for waits, and same for
	// examining the record while waits has not changed.
	all, looks, same budget
	// stops bounds how long the program is stopped. closer bounds the cost of closer looks if the record alone shows no
	// finding, or a wrong one.
	stops, closer budget
	// clock is processorTime, or a test's clock.
	clock func() time.Duration
	// asked are the possible findings for which the program was looked at closely.
	asked map[diagnose.Symptom]doubt

	computing computing
}

// Run starts cmd, watches it, and returns its exit status (see Status). A faulty record is not an error, because the
// program counts.
func Run(cmd *exec.Cmd, o Options) (status int, err error) {
	w := newWatcher(o, time.Now())
	program, err := Start(cmd)
	if err != nil {
		return 0, err
	}
	defer program.Close()
	w.pid = program.Pid()
	f := newFamily(w, o)
	defer f.close()
	w.watch(program.Done(), f)
	state, err := program.Wait()
	if err != nil {
		return 0, err
	}
	w.end(state)
	return Status(state), nil
}

// New returns a watcher of a program that another process has started: process pid, or the one that Options.Runs is
// about.
func New(pid int, o Options) *Watcher {
	w := newWatcher(o, time.Now())
	w.pid = pid
	return w
}

// Watch watches the program until done is closed.
func (w *Watcher) Watch(done <-chan struct{}) {
	w.watch(done, nil)
	if w.rec != nil {
		w.rec.Close()
	}
}

// Know notes that findings with these symptoms are known, and so not to be reported. It may be called at any time.
func (w *Watcher) Know(symptoms []diagnose.Symptom) { w.told.add(symptoms) }

// newWatcher returns a watcher of a program that was started at the time started.
func newWatcher(o Options, started time.Time) *Watcher {
	if o.Examine == nil {
		o.Examine = (&examiner{noSource: o.NoSource}).examine
	}
	return &Watcher{
		Options: o, started: started, told: newTold(), doubts: map[diagnose.Symptom]doubt{},
		all: newBudget(share, o.After), looks: newBudget(shareSame, o.After), same: newBudget(shareSame, o.After),
		closer: budget{share: share, limit: math.MaxInt64, saved: burst, at: started},
		asked:  map[diagnose.Symptom]doubt{}, clock: processorTime,
		stops: budget{share: shareStop, limit: math.MaxInt64, at: started},
	}
}

// watch looks at the record, and at the records of family f, which may be nil, until done is closed.
func (w *Watcher) watch(done <-chan struct{}, f *family) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-done:
			return
		case now := <-ticker.C:
			w.tick(now)
			if f != nil {
				f.tick(now)
			}
		}
	}
}

// tick does what is due.
func (w *Watcher) tick(now time.Time) {
	if w.Runs != nil {
		w.tickHeld(now)
		return
	}
	if !now.Before(w.nextLook) {
		w.renew()
	}
	if w.rec == nil {
		if now.Before(w.nextOpen) {
			return
		}
		// A program without a record after a second may never make one.
		w.nextOpen = now.Add(min(max(tick, now.Sub(w.started)/10), 10*interval))
		if w.open() != nil {
			return
		}
	}
	present, err := w.rec.Now()
	if err != nil {
		return
	}
	w.rec.Tick(present)
	if !w.all.allows(now) {
		return
	}
	start := w.clock()
	computing := w.compute(now, present)
	var stuck *Answer
	if !now.Before(w.nextLook) && w.looks.allows(now) {
		w.nextLook = now.Add(interval)
		stuck = w.look(now, present)
	}
	w.all.spend(now, w.clock()-start)
	if computing != nil && w.closer.allows(now) && w.news(computing, now) >= 0 {
		w.report(computing, now)
	}
	switch {
	case stuck == nil:
	case w.news(stuck, now) < 0:
		w.prove(stuck, now)
	case w.closer.allows(now) || now.Sub(w.closer.spent) >= w.closer.last*shareSure:
		w.report(stuck, now)
	}
}

// tickHeld does what is due for a program that a debugger holds now and then.
func (w *Watcher) tickHeld(now time.Time) {
	if now.Before(w.nextLook) || !w.Runs() || !w.all.allows(now) {
		return
	}
	w.nextLook = now.Add(interval)
	start := w.clock()
	answer, err := w.ask(Question{After: w.After})
	w.all.spend(now, w.clock()-start)
	if err == nil && w.news(answer, now) >= 0 {
		w.report(answer, now)
	}
}

// renew closes the record if the program has made another since, as a program does that replaces itself by exec.
// Reports on the old record say nothing about the new one.
func (w *Watcher) renew() {
	if w.rec == nil || !w.rec.Replaced() {
		return
	}
	w.rec.Close()
	w.rec, w.nextOpen = nil, time.Time{}
	w.told, w.doubts, w.waits = newTold(), map[diagnose.Symptom]doubt{}, record.Waits{}
}

// open opens the record of the program.
func (w *Watcher) open() error {
	rec, err := record.Open(w.pid)
	if err != nil {
		return err
	}
	// A pid is reused after a while, and the process that has it now may have no record of its own.
	if h, err := rec.Started(); err != nil || h.Before(w.started.Add(-time.Second)) {
		rec.Close()
		return fmt.Errorf("process %d has no record", w.pid)
	}
	w.rec = rec
	rec.SetAfter(w.After)
	return nil
}

// look looks whether anything has waited for long, and returns what that means. It returns nil if nothing has, or if
// that was examined lately.
func (w *Watcher) look(now time.Time, present int64) *Answer {
	start := w.clock()
	waits, err := w.rec.Waiting(present - w.After.Nanoseconds())
	w.looks.spend(now, w.clock()-start)
	if err != nil || waits.Long == 0 {
		return nil
	}
	// The same waits may mean something else after others have gone on, but that is not urgent.
	if waits == w.waits && !w.same.allows(now) {
		return nil
	}
	w.waits = waits
	start = w.clock()
	answer, err := w.ask(Question{After: w.After})
	w.same.spend(now, w.clock()-start)
	if err != nil {
		return nil
	}
	return answer
}

// prove looks closely at findings that are only possible, once for each, and again after a while: the heap may show
// that nothing can end such a wait.
func (w *Watcher) prove(answer *Answer, now time.Time) {
	ask := slices.ContainsFunc(answer.Possible, func(symptoms []diagnose.Symptom) bool {
		return slices.ContainsFunc(symptoms,
			func(s diagnose.Symptom) bool { return !w.told.has(s) && !now.Before(w.asked[s].until) })
	})
	if !ask || !w.closer.allows(now) || !w.stops.allows(now) {
		return
	}
	w.report(&Answer{}, now)
	was := w.asked
	w.asked = make(map[diagnose.Symptom]doubt)
	for s, d := range was {
		if s.Goroutine == 0 { // a place that others may reach
			w.asked[s] = d
		}
	}
	for _, symptoms := range answer.Possible {
		for _, s := range symptoms {
			d := was[s]
			if !now.Before(d.until) {
				d.times++
				d.until = now.Add(w.After << min(d.times, 10))
			}
			w.asked[s] = d
		}
	}
}

// ask examines the record. A fault of ours must not end this process, because the program would then outlive it
// unwatched.
func (w *Watcher) ask(q Question) (answer *Answer, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v\n%s", p, debug.Stack())
		}
	}()
	return w.Examine(w.rec, q)
}

// report reports what is stuck and was not reported before. It first looks again with the stacks, which may refute what
// was suspected. A refuted suspicion is left alone for a while.
func (w *Watcher) report(suspected *Answer, now time.Time) {
	if !w.stops.allows(now) {
		return // it is still news later
	}
	start := w.clock()
	answer, err := w.ask(Question{After: w.After, Stacks: true, MaxPause: max(w.stops.saved, time.Millisecond)})
	first := -1
	if err == nil {
		first = w.news(answer, now)
	}
	news := first >= 0
	if news {
		w.tell(answer, first, now.Sub(w.started))
	} else {
		if err == nil && answer.Resume != nil {
			answer.Stopped = answer.Resume()
		}
		w.closer.spend(now, w.clock()-start)
	}
	if err == nil {
		w.stops.spend(now, answer.Stopped)
	}
	borneOut := answer.waits()
	for _, symptoms := range suspected.Findings {
		for _, s := range symptoms {
			if borneOut[s.Wait()] {
				// With the stacks, a wait may have become a leak, or part of a deadlock.
				w.told.add([]diagnose.Symptom{s})
				continue
			}
			if news {
				continue
			}
			d := w.doubts[s.Wait()]
			d.times++
			d.refuted = d.refuted || answer.refutes(s)
			d.until = now.Add(w.After << min(d.times, 10))
			w.doubts[s.Wait()] = d
		}
	}
}

// waits returns the symptoms that a explains, without the kinds of finding. The answer may be nil.
func (a *Answer) waits() map[diagnose.Symptom]bool {
	all := make(map[diagnose.Symptom]bool)
	if a == nil {
		return all
	}
	for _, symptoms := range a.Findings {
		for _, s := range symptoms {
			all[s.Wait()] = true
		}
	}
	return all
}

// refutes reports whether a, an answer with stacks that does not have s among its findings, refutes s. It does not if
// there was no time to see. a may be nil.
func (a *Answer) refutes(s diagnose.Symptom) bool {
	if a == nil || a.NoStates {
		return false
	}
	return !a.NoProof || !slices.ContainsFunc(a.Possible, func(symptoms []diagnose.Symptom) bool {
		return slices.ContainsFunc(symptoms, func(p diagnose.Symptom) bool { return p.Wait() == s.Wait() })
	})
}

// A doubt is a symptom that a closer look at the program did not confirm.
type doubt struct {
	times   int
	refuted bool      // by what was seen, rather than for lack of time
	until   time.Time // before that it is no reason to look closely again
}

// news returns the index of the first finding of answer that was not reported, or -1. A finding that more goroutines
// have joined is not new.
func (w *Watcher) news(answer *Answer, now time.Time) int {
	return slices.IndexFunc(answer.Findings, func(symptoms []diagnose.Symptom) bool {
		return !slices.ContainsFunc(symptoms,
			func(s diagnose.Symptom) bool { return w.told.has(s) || now.Before(w.doubts[s.Wait()].until) })
	})
}

// tell reports answer, whose finding first is new, and which was found when the program had run for the time after.
func (w *Watcher) tell(answer *Answer, first int, after time.Duration) {
	answer.First = first
	for _, symptoms := range answer.Findings {
		w.told.add(symptoms)
		for _, s := range symptoms {
			delete(w.doubts, s.Wait())
		}
	}
	fmt.Fprintf(w.Log, "\nawaittrace: after %v:\n", after.Round(100*time.Millisecond))
	if err := answer.Write(w.Log); err != nil {
		fmt.Fprintln(w.Log, "awaittrace:", err)
	}
}

// told is a set of symptoms that may be used by several goroutines.
type told struct {
	mu  sync.Mutex
	set map[diagnose.Symptom]bool
}

func newTold() *told { return &told{set: make(map[diagnose.Symptom]bool)} }

func (t *told) add(symptoms []diagnose.Symptom) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range symptoms {
		t.set[s] = true
	}
}

func (t *told) has(s diagnose.Symptom) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.set[s]
}

// waits returns the symptoms without the kinds of finding.
func (t *told) waits() map[diagnose.Symptom]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	waits := make(map[diagnose.Symptom]bool, len(t.set))
	for s := range t.set {
		waits[s.Wait()] = true
	}
	return waits
}
