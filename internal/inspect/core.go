package inspect

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/reach"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
)

// Core opens a session with a core of the executable exe. The record is the one in the core, if it was dumped, or else
// the record file of the process, if that still exists. A core does not say when it was made; its file's time does.
func Core(exe, core string) (*Session, error) {
	info, err := os.Stat(core)
	if err != nil {
		return nil, err
	}
	s := &Session{
		exe:     exe,
		process: snapshot.Process{Exe: exe, Go: goVersion(exe), State: "core"},
		moment: func(s *snapshot.Snapshot, _ time.Time) int64 {
			moment := info.ModTime().UnixNano() - s.Process.TakenWall + s.Taken
			if s.Process.State == "live" {
				forget(s, moment)
			}
			return moment
		},
	}
	p, err := target.Open(target.Target{Core: core, Exe: exe})
	switch {
	case isBare(err):
		return s, s.bareCore(core)
	case err != nil:
		return nil, err
	}
	s.target, s.process.Pid = p, p.Pid()
	s.open = func() (*record.Record, error) { return coreRecord(p) }
	return s, nil
}

// bareCore makes s a session with a core of an executable without debug information.
func (s *Session) bareCore(core string) error {
	if usable, err := target.CheckCore(s.exe, core); !usable {
		return err
	}
	c, err := procfs.OpenCore(core, s.exe)
	if err != nil {
		return err
	}
	s.target = &bare{exe: s.exe, open: func() (reach.Source, error) { return c, nil }, close: c.Close}
	s.process.Pid = c.Pid()
	s.open = func() (*record.Record, error) {
		if !mayHaveProbes(s.exe) {
			return nil, ErrUnprobed
		}
		return bareRecord(c)
	}
	return nil
}

// ErrUnmade means that a program with probes has no record yet.
var ErrUnmade = errors.New("the program has not reached func main, or a probe, yet")

// ErrUnprobed means that a program has no record because it has no probes.
var ErrUnprobed = errors.New("the program was built without probes")

// Unmade returns why a program has no record, by the address addr of the record in its collector, or nil if it has one.
func Unmade(addr uint64, probes bool) error {
	switch {
	case !probes:
		return ErrUnprobed
	case addr == 0:
		return ErrUnmade
	}
	return nil
}

// coreRecord opens the record of the process that a core is of.
func coreRecord(p *target.Program) (*record.Record, error) {
	addr, probes := p.RecordAddr()
	if err := Unmade(addr, probes); err != nil {
		return nil, err
	}
	if rec, err := record.OpenMemory(p.Memory(), addr); err == nil {
		return rec, nil
	}
	return keptRecord(p.Pid(), addr)
}

// bareRecord is coreRecord for a program without debug information: it looks for a mapping that begins with a record.
func bareRecord(c *procfs.Core) (*record.Record, error) {
	for _, addr := range c.Starts() {
		rec, err := record.OpenMemory(c, addr)
		if err != nil {
			continue
		}
		if base, err := rec.Base(); err == nil && base == addr {
			return rec, nil
		}
	}
	return keptRecord(c.Pid(), c.Starts()...)
}

// keptRecord opens the file of the record that process pid had mapped at one of addrs. The kernel leaves mapped files
// out of a core by default (coredump_filter in core(5)).
func keptRecord(pid int, addrs ...uint64) (*record.Record, error) {
	rec, err := record.Open(pid)
	if err != nil {
		return nil, fmt.Errorf("the record is not in the core: %w", err)
	}
	if base, err := rec.Base(); err != nil || !slices.Contains(addrs, base) {
		rec.Close()
		return nil, fmt.Errorf("the record is not in the core, and the record of process %d is of another program", pid)
	}
	return rec, nil
}

// forget removes from s, the present record of a process that went on after a core was made at moment, the goroutines
// that have moved since.
func forget(s *snapshot.Snapshot, moment int64) {
	before := len(s.Goroutines)
	s.Goroutines = slices.DeleteFunc(s.Goroutines, func(g snapshot.Goroutine) bool {
		return g.LastAt > moment || len(g.Waits) > 0 && g.Waits[0].Since > moment
	})
	if n := before - len(s.Goroutines); n > 0 {
		s.Dropped["goroutines that have moved since the core was made"] = n
	}
}
