package inspect

import (
	"context"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/recorded"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
)

// A Target is where a session gets the states and stacks of a program from.
type Target interface {
	// Read reads the program, which stands still meanwhile.
	Read(context.Context, target.Options) (*target.Result, error)
	Close()
}

// A Session is a program that is looked at, once or again and again: one that runs, that a debugger holds, a core, or what is left of one that has ended.
// Nothing is done to the program but that one that runs is stopped for the time of a look. A session may be used by several goroutines. The
// caller closes it.
type Session struct {
	mu     sync.Mutex
	target Target
	noRead error // why there is no target
	here   bool  // it is a process of this machine, as it is now: the system can be asked about it
	runs   bool  // the target stops the program for each reading
	rec    *record.Record
	// open opens the record. A program that has only been started has none yet, so that it is called at every look until there is one. Nil: there is none.
	open func() (*record.Record, error)
	// exe is the file of the executable; empty where it is on another machine.
	exe string
	// proven are the goroutines of which earlier looks have proven that nothing can wake them. What is proven stays so.
	proven map[int64]*snapshot.Reach
	// kept is what they keep alive, by the findings of the last look that read the heap, and keptBytes all together.
	kept      []record.Kept
	keptBytes uint64
	// labels reads the profiler labels of a program that is not stopped.
	labels recorded.Labels
	// last and lastRes are the last look at a program without probes that runs.
	last    *snapshot.Snapshot
	lastRes *target.Result
	// process describes the program where there is no record.
	process snapshot.Process
	// dump is what a goroutine dump tells; nil for a program.
	dump *snapshot.Snapshot
	// pauses are the times for which the program was held before.
	pauses []Pause
	// moment returns when the program stopped, on the clock of snap; stopped is what the caller knows of it.
	moment func(snap *snapshot.Snapshot, stopped time.Time) int64
}

// Options say how a session looks at its program.
type Options struct {
	diagnose.Options
	// Stopped is when the program stopped, where the caller has seen that; if it is zero, what the kernel or else the record tells of it is taken.
	Stopped time.Time
	// NoStop says that a program that runs is not stopped: its record alone is told.
	NoStop bool
	// Twice says that a program without probes that runs is looked at twice, After apart: it takes two looks to tell that a goroutine has waited all the time.
	Twice bool
	// Watch says that a program that runs may be watched for After, if that tells whether a goroutine gets nowhere.
	Watch bool
	// Prove says whether the heap is read, to prove which goroutines nothing can wake.
	Prove Prove
	// MaxPause is how long ProveAuto may have a program that runs stand still; zero, or more than 200 ms, means 200 ms.
	MaxPause time.Duration
}

// Report diagnoses the program. Durations count up to the moment at which it stopped: that it is held by a debugger is no wait of the
// program's.
func (s *Session) Report(ctx context.Context, opt Options) (*diagnose.Report, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dump != nil {
		return diagnose.Analyze(s.dump, opt.Options), nil
	}
	if s.runs && (s.rec == nil || s.rec.Live && !s.rec.Hidden()) && procfs.Traced(s.process.Pid) {
		if held, err := Held(s.process.Pid, nil); err == nil {
			defer held.Close()
			return held.Report(ctx, opt)
		}
	}
	err := s.find()
	switch {
	case err != nil:
		return s.unprobed(ctx, err, opt)
	case s.runs:
		return s.running(ctx, opt)
	}
	return s.standing(ctx, opt)
}

// running diagnoses a program that is stopped for the look, or that has ended. Where its states cannot be read the snapshot says why (NoStates).
func (s *Session) running(ctx context.Context, opt Options) (*diagnose.Report, error) {
	first, err := Record(s.rec, opt.Options)
	switch {
	case err != nil || !s.rec.Live:
		return first, err
	case opt.NoStop && !s.rec.Hidden():
		s.labels.Add(s.rec, first.Snapshot)
		return first, nil
	case opt.NoStop:
		return first, nil
	case s.rec.Hidden():
		first.Snapshot.NoStates = "the program runs in another pid namespace, and this command does not see its processes"
		return first, nil
	}
	p := s.newProof(opt)
	r, err := s.join(ctx, first, look{
		proof: p,
		slept: procfs.Slept(s.rec.Pid, opt.After),
		settle: func(snap *snapshot.Snapshot) {
			snap.Process.State = first.Snapshot.Process.State // while we read it, it looked stopped
		},
	})
	if err == nil && !r.Snapshot.HasStates {
		if dead, derr := Record(s.rec, opt.Options); derr == nil && !s.rec.Live { // it has ended meanwhile: what was kept of it is told
			r = dead
		}
	}
	if err == nil && s.rec.Live && r.Snapshot.Process.State != "stopped" {
		r = later(ctx, s.rec, circles(ctx, s.rec, again(ctx, s.rec, r, opt.Watch), opt.Watch))
	}
	return s.done(p, r, err)
}

// done ends the proof that the diagnosis r has used.
func (s *Session) done(p *proof, r *diagnose.Report, err error) (*diagnose.Report, error) {
	if err != nil {
		p.close(nil)
		return nil, err
	}
	if s.here && s.rec != nil && s.rec.Live && r.Snapshot.HasStates {
		var kept []record.Kept
		for i := range r.Findings {
			if f := &r.Findings[i]; f.KeptBytes > 0 {
				kept = append(kept, record.Kept{Goroutines: f.Goroutines, Bytes: f.KeptBytes})
			}
		}
		if m := r.Snapshot.Memory; m != nil && m.NoProof == "" {
			s.kept, s.keptBytes = kept, m.KeptBytes
		} else if m != nil && len(s.proven) > 0 {
			m.KeptBytes = s.keptBytes
		}
		s.rec.Keep(r.Snapshot, s.kept)
	}
	p.close(r.Snapshot)
	return r, nil
}

// standing diagnoses a program that stands still whether it is looked at or not. Of one that runs all the same, the record alone is told.
func (s *Session) standing(ctx context.Context, opt Options) (*diagnose.Report, error) {
	snap, err := s.rec.Snapshot()
	if err != nil {
		return nil, err
	}
	if !s.here || snap.Process.State != "live" {
		snap.At(s.moment(snap, opt.Stopped))
		snap.Process.State = s.process.State
	}
	s.takeOut(snap)
	first := diagnose.Analyze(snap, opt.Options)
	if s.target == nil {
		first.Snapshot.NoStates = s.noRead.Error()
		return first, nil
	}
	p := s.newProof(opt)
	r, err := s.join(ctx, first, look{proof: p})
	return s.done(p, r, err)
}

// Close ends the session. The program is left as it is.
func (s *Session) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.target != nil {
		s.target.Close()
		s.target = nil
	}
	if s.rec != nil {
		s.rec.Close()
		s.rec = nil
	}
}

// A Pause is a time for which a debugger held the program.
type Pause struct{ From, To time.Time }

// Paused notes pauses. Like the stop that the program is in now, they are no waits of the program's. Pauses do not overlap.
func (s *Session) Paused(pauses ...Pause) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pauses = append(s.pauses, pauses...)
}

// takeOut takes the pauses out of the durations of snap.
func (s *Session) takeOut(snap *snapshot.Snapshot) {
	list := make([]snapshot.Pause, len(s.pauses))
	for i, p := range s.pauses {
		list[i] = snapshot.Pause{From: s.moment(snap, p.From), To: s.moment(snap, p.To)}
	}
	snap.Without(list)
}

// Record returns the record of the program. It is the session's, and must not be used while the session reports.
func (s *Session) Record() (*record.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.find()
	return s.rec, err
}

// After returns how long a wait is before whoever watches the program calls it stuck, or zero if nobody does.
func (s *Session) After() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.find() != nil || s.rec == nil {
		return 0
	}
	return s.rec.After()
}

// Pid returns the process that the program is or was; zero: unknown.
func (s *Session) Pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rec != nil {
		return s.rec.Pid
	}
	return s.process.Pid
}

// find opens the record, unless it is open.
func (s *Session) find() (err error) {
	if s.rec == nil && s.open != nil {
		s.rec, err = s.open()
	}
	return err
}
