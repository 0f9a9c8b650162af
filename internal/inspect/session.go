package inspect

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/awaittrace/awaittrace/dlvext"
	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// A Target is where a session gets the states and stacks of a program from.
type Target interface {
	// Read reads a program that stands still.
	Read(context.Context, dlvext.Options) (*dlvext.Result, error)
	Close()
}

// A Session is a program that a debugger holds, or a core: it is looked at each time that it has stopped, and nothing is done to it. It may be
// used by several goroutines. The caller closes it.
type Session struct {
	mu     sync.Mutex
	target Target
	noRead error // why there is no target
	here   bool  // it is a process of this machine, as it is now: the system can be asked about it
	rec    *record.Record
	// open opens the record. A program that has only been started has none yet, so that it is called at every look until there is one.
	open func() (*record.Record, error)
	// process describes the program where there is no record.
	process snapshot.Process
	// pauses are the times for which the program was held before.
	pauses []pause
	// moment returns when the program stopped, on the clock of snap; stopped is what the caller knows of it.
	moment func(snap *snapshot.Snapshot, stopped time.Time) int64
}

// Held begins a session with process pid, which a debugger holds or will hold: this process, or another. It is read through its memory
// and its record. That its states cannot be read is no error: the reports say so. That there is no such process is one.
func Held(pid int) (*Session, error) {
	stat, live := procfs.Is(pid, 0)
	if !live {
		return nil, fmt.Errorf("process %d has exited", pid)
	}
	s := &Session{
		here:    true,
		process: snapshot.Process{Pid: pid, Exe: procfs.Exe(pid), Args: procfs.Args(pid), Go: goVersion(fmt.Sprintf("/proc/%d/exe", pid)), State: "stopped"},
	}
	s.moment = func(snap *snapshot.Snapshot, stopped time.Time) int64 {
		last := lastRan(pid, stopped)
		now, err := s.rec.Now()
		switch {
		case err != nil:
			return snap.Taken
		case last.IsZero():
			return now
		}
		return now - int64(time.Since(last))
	}
	var p *dlvext.Program
	if p, s.noRead = dlvext.Open(dlvext.Target{Pid: pid}); s.noRead == nil {
		s.target = p
	}
	s.open = func() (*record.Record, error) { return heldRecord(pid, p) }
	if _, same := procfs.Is(pid, stat.StartTicks); !same {
		s.Close()
		return nil, fmt.Errorf("process %d has exited", pid)
	}
	return s, nil
}

// goVersion returns the version of Go that an executable was built with; "" if it does not say.
func goVersion(exe string) string {
	info, err := buildinfo.ReadFile(exe)
	if err != nil {
		return ""
	}
	return info.GoVersion
}

// heldRecord opens the record of process pid. p is the program, or nil.
func heldRecord(pid int, p *dlvext.Program) (*record.Record, error) {
	rec, err := record.Open(pid)
	if err == nil || p == nil {
		return rec, err
	}
	// A program that has only been started is an instrumented one all the same, and a record in private memory nobody finds by its name.
	addr, probes := p.RecordAddr()
	if err := Unmade(addr, probes); err != nil {
		return nil, err
	}
	rec, memErr := record.OpenMemory(p.Memory(), addr)
	if memErr != nil {
		return nil, err
	}
	rec.Live = true
	return rec, nil
}

// lastRan returns since when process pid has been held, or zero if it is not, or nobody knows. The kernel does even where the debugger does not.
func lastRan(pid int, stopped time.Time) time.Time {
	if !stopped.IsZero() {
		return stopped
	}
	if st, err := procfs.ReadStat(pid); err != nil || !st.Stopped() {
		return time.Time{}
	}
	last, err := procfs.LastRan(pid)
	if err != nil {
		return time.Time{}
	}
	return last
}

// Remote begins a session with a program that only target can read: a process on another machine, or under a debugger there. Open opens its
// record each time until there is one; process describes it. The session closes target.
func Remote(target Target, process snapshot.Process, open func() (*record.Record, error)) *Session {
	return &Session{
		target: target, open: open, process: process,
		moment: func(s *snapshot.Snapshot, stopped time.Time) int64 {
			if stopped.IsZero() {
				return s.Taken // the newest that the record tells of
			}
			// Its own clock cannot be read, but the time of day is about the same there.
			return stopped.UnixNano() - s.Process.TakenWall + s.Taken
		},
	}
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

// Report diagnoses the program. Durations count up to the moment at which it stopped: that it is held by a debugger is no wait of the
// program's. Stopped is that moment where the caller has seen it; if it is zero, what the kernel or else the record tells of it is taken.
// Of a program that runs, the record alone is told.
func (s *Session) Report(ctx context.Context, stopped time.Time, opt diagnose.Options) (*diagnose.Report, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.find(); err != nil {
		return s.states(ctx, err, opt)
	}
	snap, err := s.rec.Snapshot()
	if err != nil {
		return nil, err
	}
	if !s.here || snap.Process.State != "live" {
		record.At(snap, s.moment(snap, stopped))
		snap.Process.State = s.process.State
	}
	s.takeOut(snap)
	first := diagnose.Analyze(snap, opt)
	if s.target == nil {
		first.Snapshot.NoStates = s.noRead.Error()
		return first, nil
	}
	return join(ctx, s.rec, first, look{
		read: func(o dlvext.Options) (*dlvext.Result, error) { return s.target.Read(ctx, o) },
		here: s.here,
	})
}

// A pause is a time for which a debugger held the program.
type pause struct{ from, to time.Time }

// Paused notes that the debugger has held the program from one moment to another. Like the stop that it is in now, that is no wait of the
// program's. Pauses do not overlap.
func (s *Session) Paused(from, to time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pauses = append(s.pauses, pause{from, to})
}

// takeOut takes the pauses out of the durations of snap.
func (s *Session) takeOut(snap *snapshot.Snapshot) {
	list := make([]record.Pause, len(s.pauses))
	for i, p := range s.pauses {
		list[i] = record.Pause{From: s.moment(snap, p.from), To: s.moment(snap, p.to)}
	}
	record.Without(snap, list)
}

// Record returns the record of the program. It is the session's, and must not be used while the session reports.
func (s *Session) Record() (*record.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.find()
	return s.rec, err
}

// find opens the record, unless it is open.
func (s *Session) find() (err error) {
	if s.rec == nil {
		s.rec, err = s.open()
	}
	return err
}

// maxUnprobed bounds the stacks that are read of a program without probes.
const maxUnprobed = 1000

// states diagnoses a program without probes, as far as that goes: by the states and stacks of its goroutines. why is what is wrong with the record.
func (s *Session) states(ctx context.Context, why error, opt diagnose.Options) (*diagnose.Report, error) {
	if s.target == nil {
		return nil, fmt.Errorf("%w; %w", why, s.noRead)
	}
	if errors.Is(why, ErrUnmade) {
		return nil, why
	}
	res, err := s.target.Read(ctx, dlvext.Options{MaxStacks: maxUnprobed, Timeout: time.Second, Select: func(all []snapshot.Goroutine) dlvext.Wanted {
		w := dlvext.Wanted{Stacks: make([]int64, len(all))}
		for i := range all {
			w.Stacks[i] = all[i].ID
		}
		return w
	}})
	if err != nil {
		return nil, fmt.Errorf("%w; %w", why, err)
	}
	snap := &snapshot.Snapshot{
		Process: s.process, Goroutines: res.Goroutines, HasStates: true, NoProbes: why.Error(),
		Objects: map[uint64]*snapshot.Object{}, Dropped: map[string]int{},
	}
	if res.StacksLeft > 0 {
		snap.Dropped["goroutines whose stack was not read"] = res.StacksLeft
	}
	if res.Unreadable > 0 {
		snap.Dropped[unreadable] = res.Unreadable
	}
	cleanStacks(snap)
	return diagnose.Analyze(snap, opt), nil
}
