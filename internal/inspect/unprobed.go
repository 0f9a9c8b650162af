package inspect

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/recorded"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
)

const (
	// maxUnprobed bounds the stacks that Delve reads of a program without probes, and maxCopied those that package
	// reach reads.
	maxUnprobed = 1000
	maxCopied   = 200_000
	// unprobedPause bounds how long such a program is stopped for them, and unprobedTime how long they are read if it
	// stands still anyway.
	unprobedPause = 200 * time.Millisecond
	unprobedTime  = 10 * time.Second
)

// unprobed diagnoses a program without probes, by the states and stacks of its goroutines. why says what is wrong with
// the record.
func (s *Session) unprobed(ctx context.Context, why error, opt Options) (*diagnose.Report, error) {
	switch {
	case s.target == nil:
		return nil, fmt.Errorf("%w; %w", why, s.noRead)
	case errors.Is(why, ErrUnmade):
		return nil, why
	case s.runs && opt.NoStop:
		return nil, fmt.Errorf("%w; without a record, -no-stop leaves nothing to tell", why)
	}
	var before *snapshot.Snapshot
	var was *target.Result
	if opt.Twice && s.runs {
		never := opt
		never.Prove = ProveNever
		var err error
		if before, was, err = s.states(ctx, why, s.newProof(never), nil); err != nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(opt.After):
		}
	}
	p := s.newProof(opt)
	var slept *procfs.Sleeps
	if s.runs {
		slept = procfs.Slept(s.process.Pid, opt.After)
	}
	snap, res, err := s.states(ctx, why, p, slept)
	if err != nil {
		return s.done(p, nil, err)
	}
	calledSince(snap, slept)
	if before == nil && s.runs {
		before, was = s.last, s.lastRes
	}
	if before != nil {
		snap.Before = before.Earlier()
		stayed(snap, res, before, was)
	}
	if s.runs {
		s.last, s.lastRes = snap, res
	}
	r := diagnose.Analyze(snap, opt.Options)
	if s.runs && before == nil && slices.ContainsFunc(r.Findings, momentary) {
		p.close(snap)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(soon):
		}
		p = s.newProof(opt)
		later, laterRes, err := s.states(ctx, why, p, nil)
		if err != nil {
			return s.done(p, nil, err)
		}
		later.Before = snap.Earlier()
		stayed(later, laterRes, snap, res)
		s.last, s.lastRes = later, laterRes
		r = diagnose.Analyze(later, opt.Options)
	}
	return s.done(p, r, nil)
}

// soon is the time until a second look for a momentary finding.
const soon = 500 * time.Millisecond

// momentary reports whether a finding may be gone the next moment: holders are read off the stacks.
func momentary(f diagnose.Finding) bool {
	return f.Kind == diagnose.KindDeadlock && f.Certainty == diagnose.Likely
}

// states reads the states and stacks of a program without probes, and has p read its heap.
func (s *Session) states(ctx context.Context, why error, p *proof, slept *procfs.Sleeps) (*snapshot.Snapshot,
	*target.Result, error) {
	res, err := s.readUnprobed(ctx, p, slept)
	if err != nil {
		return nil, nil, fmt.Errorf("%w; %w", why, err)
	}
	snap := &snapshot.Snapshot{
		Process: s.process, Goroutines: res.Goroutines, HasStates: true, NoProbes: noProbes(s.process.Exe, why),
		Taken:   res.Taken,
		Objects: map[uint64]*snapshot.Object{}, Dropped: map[string]int{},
	}
	snap.Process.StoppedFor = res.Paused.Nanoseconds()
	if s.here {
		recorded.Used(&snap.Process, s.process.Pid)
	}
	if s.runs {
		snap.Process.TakenWall = time.Now().UnixNano()
		if res.Stopped {
			snap.Process.State = "stopped"
		}
	}
	if res.StacksLeft > 0 {
		snap.Dropped["goroutines whose stack was not read"] = res.StacksLeft
	}
	if res.Unreadable > 0 {
		snap.Dropped[unreadable] = res.Unreadable
	}
	cleanStacks(snap)
	p.tell(snap)
	s.remember(snap)
	return snap, res, nil
}

// readUnprobed reads the goroutines and their stacks. Package reach copies the stacks of a running process, and unwinds
// them after it has gone on; if it does not know the version of Go, Delve unwinds them while the process waits.
func (s *Session) readUnprobed(ctx context.Context, p *proof, slept *procfs.Sleeps) (*target.Result, error) {
	standing := func() []target.Ref {
		slept.Stopped()
		return nil
	}
	o := p.in(target.Options{MaxStacks: maxCopied, Timeout: unprobedTime, Standing: standing,
		Select: func(all iter.Seq[*snapshot.Goroutine]) target.Wanted {
			return target.Wanted{Stacks: representatives(all)}
		}})
	if pid, ok := s.target.(process); ok {
		if res, err := readBare(ctx, int(pid), o); err == nil {
			return res, nil
		}
		p.close(nil)
	}
	o.MaxStacks = maxUnprobed
	if s.runs {
		o.Timeout = unprobedPause
	}
	return s.target.Read(ctx, o)
}

// representatives returns the ids of all, some for each reason to wait first.
func representatives(all iter.Seq[*snapshot.Goroutine]) []int64 {
	const some = 100
	type kind struct{ state, reason string }
	seen := make(map[kind]int)
	var first, rest []int64
	for g := range all {
		k := kind{g.State, g.Reason}
		if seen[k]++; seen[k] <= some {
			first = append(first, g.ID)
		} else {
			rest = append(rest, g.ID)
		}
	}
	return append(first, rest...)
}

// noProbes returns why only states and stacks are known, and how to change that. why says what is wrong with the
// record.
func noProbes(exe string, why error) string {
	if !errors.Is(why, ErrUnprobed) {
		return why.Error()
	}
	pkg := "PACKAGE"
	if info, err := buildinfo.ReadFile(exe); err == nil && info.Path != "" && info.Path != "command-line-arguments" {
		pkg = info.Path
	}
	command := fmt.Sprintf("build -o %s %s", path.Base(exe), pkg)
	if test, ok := strings.CutSuffix(pkg, ".test"); ok {
		command = "test " + test
	}
	return fmt.Sprintf("%v; with probes awaittrace would also know who holds a lock, who used a channel last, and "+
		"since when: awaittrace %s", ErrUnprobed, command)
}

// stayed notes which goroutines of now have waited since the look before: those that have not run in between, and wait
// for the same reason. Calls of the system and of C are left to calledSince.
func stayed(now *snapshot.Snapshot, nowRes *target.Result, before *snapshot.Snapshot, beforeRes *target.Result) {
	for i := range now.Goroutines {
		g := &now.Goroutines[i]
		j, ok := before.Find(g.ID)
		if !ok || g.State != "waiting" {
			continue
		}
		was := &before.Goroutines[j]
		if was.State != g.State || was.Reason != g.Reason || nowRes.Parks == nil ||
			nowRes.Parks[i] != beforeRes.Parks[j] {
			continue
		}
		since := before.Taken
		if was.Blocked != nil && was.Blocked.Since != 0 {
			since = was.Blocked.Since
		}
		if g.Blocked == nil {
			g.Blocked = &snapshot.Blocked{}
		}
		if g.Blocked.Since == 0 || g.Blocked.Since > since {
			g.Blocked.Since = since
		}
	}
}

// Dump opens a session with a goroutine dump.
func Dump(text []byte) (*Session, error) {
	d, err := target.ParseDump(text)
	if err != nil {
		return nil, err
	}
	snap := d.Snapshot()
	snap.NoProbes = "a goroutine dump tells states and stacks; it does not tell who holds a lock, who uses a " +
		"channel, or how long a wait was before a garbage collection noticed it"
	kept := snap.Goroutines[:0]
	for _, g := range snap.Goroutines {
		entry := ""
		for k, f := range g.Stack {
			if target.Bottom(f) {
				g.Stack = g.Stack[:k]
				break
			}
			entry = f.Func
		}
		if g.ID == 1 || !target.System(entry, g.Reason) {
			kept = append(kept, g)
		}
	}
	snap.Goroutines = kept
	if d.Earlier > 0 {
		snap.Dropped["earlier dumps in the same file, which are not told"] = d.Earlier
	}
	cleanStacks(snap)
	return &Session{dump: snap, process: snap.Process}, nil
}
