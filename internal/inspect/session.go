package inspect

import (
	"cmp"
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

// A Target reads the states and stacks of a program.
type Target interface {
	// Read reads the program while it stands still.
	Read(context.Context, target.Options) (*target.Result, error)
	Close()
}

// A Session diagnoses a program, once or many times: one that runs, that a debugger holds, a core, or what is left of
// one that has ended. It only stops a running program for the time of a look. A session may be used by several
// goroutines. The caller closes it.
type Session struct {
	mu     sync.Mutex
	target Target
	noRead error // why there is no target
	here   bool  // it is a process of this machine that still exists: the system can be asked about it
	runs   bool  // the target stops the program for each reading
	rec    *record.Record
	// open opens the record. A program that has just started has none yet, so it is called at every look until there is
	// one. Nil: there is none.
	open func() (*record.Record, error)
	// exe is the file of the executable, or empty if that is on another machine.
	exe string
	// proven are the goroutines that earlier looks proved to be leaked. What is proven stays so.
	proven map[int64]*snapshot.Reach
	// kept is what they keep alive, by finding of the last look that read the heap, and keptBytes the total.
	kept      []record.Kept
	keptBytes uint64
	// labels reads the profiler labels of a program that is not stopped.
	labels recorded.Labels
	// last and lastRes are the last look at a running program without probes.
	last    *snapshot.Snapshot
	lastRes *target.Result
	// process describes the program if there is no record.
	process snapshot.Process
	// dump is the content of a goroutine dump; nil for a program.
	dump *snapshot.Snapshot
	// pauses are the times for which the program was held earlier.
	pauses []Pause
	// moment returns when the program stopped, on the clock of snap, given what the caller knows.
	moment func(snap *snapshot.Snapshot, stopped time.Time) int64
}

// Options say how a session looks at its program.
type Options struct {
	// If After is zero, it is that of the run that watches the program, else diagnose.DefaultAfter.
	diagnose.Options
	// Stopped is when the program stopped, if the caller knows; if it is zero, the session asks the kernel, or else the
	// record.
	Stopped time.Time
	// NoStop leaves a running program running, and reads its record alone.
	NoStop bool
	// Twice looks twice, After apart, at a running program without probes: one look does not tell how long a goroutine
	// has waited.
	Twice bool
	// Watch permits watching a running program for After, to tell whether a goroutine gets nowhere.
	Watch bool
	// Prove says whether to read the heap, to prove which goroutines nothing can wake.
	Prove Prove
	// MaxPause bounds how long ProveAuto stops a running program; zero, or more than 200 ms, means 200 ms.
	MaxPause time.Duration
}

// Report diagnoses the program. Durations count up to the moment at which it stopped: time under a debugger is not a
// wait.
func (s *Session) Report(ctx context.Context, opt Options) (*diagnose.Report, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dump != nil {
		return diagnose.Analyze(s.dump, opt.Options), nil
	}
	if s.runs && (s.rec == nil || s.rec.Live && !s.rec.Hidden()) {
		procfs.AwaitUntraced(s.process.Pid)
		if procfs.Traced(s.process.Pid) {
			if held, err := Held(s.process.Pid, nil); err == nil {
				defer held.Close()
				return held.Report(ctx, opt)
			}
		}
	}
	err := s.find()
	if err == nil && s.rec != nil {
		opt.After = cmp.Or(opt.After, s.rec.After())
	}
	opt.After = cmp.Or(opt.After, diagnose.DefaultAfter)
	switch {
	case err != nil:
		return s.unprobed(ctx, err, opt)
	case s.runs:
		return s.running(ctx, opt)
	}
	return s.standing(ctx, opt)
}

// running diagnoses a program that is stopped for the look, or has ended. If its states cannot be read, NoStates of the
// snapshot says why.
func (s *Session) running(ctx context.Context, opt Options) (*diagnose.Report, error) {
	if opt.NoStop || !s.rec.Live || s.rec.Hidden() {
		return s.recorded(opt)
	}
	first, err := recorded.Read(s.rec, opt.OnlyLocks)
	if err != nil {
		return nil, err
	}
	if !s.rec.Live { // it has ended meanwhile
		return s.recorded(opt)
	}
	p := s.newProof(opt)
	state := first.Process.State
	r, unread, err := s.join(ctx, first, opt.Options, look{
		proof:  p,
		slept:  procfs.Slept(s.rec.Pid, opt.After),
		settle: func(snap *snapshot.Snapshot) { snap.Process.State = state }, // it looked stopped while we read it
	})
	if unread != nil && err == nil {
		if r, err = s.recorded(opt); err == nil && s.rec.Live {
			r.Snapshot.NoStates = unread.Error()
		}
	} else if err == nil {
		s.rec.Mark(r.Bad() > 0)
	}
	if err == nil && s.rec.Live && r.Snapshot.Process.State != "stopped" {
		r = later(ctx, s.rec, circles(ctx, s.rec, again(ctx, s.rec, r, opt.Watch), opt.Watch))
	}
	return s.done(p, r, err)
}

// recorded diagnoses the program by its record alone.
func (s *Session) recorded(opt Options) (*diagnose.Report, error) {
	r, err := recorded.Diagnose(s.rec, opt.Options)
	switch {
	case err != nil || !s.rec.Live:
	case s.rec.Hidden() && !opt.NoStop:
		r.Snapshot.NoStates = "the program runs in another pid namespace, and this command does not see its processes"
	case !s.rec.Hidden() && opt.NoStop:
		s.labels.Add(s.rec, r.Snapshot)
	}
	return r, err
}

// done closes the proof that the diagnosis r used.
func (s *Session) done(p *proof, r *diagnose.Report, err error) (*diagnose.Report, error) {
	if err != nil {
		p.close(nil)
		return nil, err
	}
	p.close(r.Snapshot)
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
	return r, nil
}

// standing diagnoses a program that stands still by itself, or, if it runs after all, its record alone.
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
	if s.target == nil {
		return byRecord(snap, s.noRead, opt.Options), nil
	}
	p := s.newProof(opt)
	r, why, err := s.join(ctx, snap, opt.Options, look{proof: p})
	if why != nil && err == nil {
		r = byRecord(snap, why, opt.Options)
	}
	return s.done(p, r, err)
}

// byRecord diagnoses a program whose record alone could be read.
func byRecord(snap *snapshot.Snapshot, why error, opt diagnose.Options) *diagnose.Report {
	r := diagnose.Analyze(snap, opt)
	r.Snapshot.NoStates = why.Error()
	return r
}

// Close ends the session, and leaves the program as it is.
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

// Paused notes pauses, which must not overlap. Like the present stop, they do not count as waits.
func (s *Session) Paused(pauses ...Pause) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pauses = append(s.pauses, pauses...)
}

// takeOut subtracts the pauses from the durations of snap.
func (s *Session) takeOut(snap *snapshot.Snapshot) {
	list := make([]snapshot.Pause, len(s.pauses))
	for i, p := range s.pauses {
		list[i] = snapshot.Pause{From: s.moment(snap, p.From), To: s.moment(snap, p.To)}
	}
	snap.Without(list)
}

// Record returns the record of the program. The session owns it; it must not be used while the session reports.
func (s *Session) Record() (*record.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.find()
	return s.rec, err
}

// Pid returns the process id of the program, live or ended, or zero if unknown.
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
