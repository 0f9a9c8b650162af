package inspect

import (
	"debug/buildinfo"
	"fmt"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
)

// Held opens a session with process pid, which a debugger holds or will hold: this process, or another. It reads the
// memory and the record. Registers asks the debugger for the registers of a thread, see [target.Target]; nil if there
// is no way to ask. If the states cannot be read, the reports say so; Held fails only if there is no such process.
func Held(pid int, registers func(tid int) []uint64) (*Session, error) {
	stat, live := procfs.Is(pid, 0)
	if !live {
		return nil, fmt.Errorf("process %d has exited", pid)
	}
	s := &Session{
		here: true,
		exe:  fmt.Sprintf("/proc/%d/exe", pid),
		process: snapshot.Process{Pid: pid, Exe: procfs.Exe(pid), Args: procfs.Args(pid),
			Go: goVersion(fmt.Sprintf("/proc/%d/exe", pid)), State: "stopped"},
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
	var p *target.Program
	if p, s.noRead = target.Open(target.Target{Pid: pid, Registers: registers}); s.noRead == nil {
		s.target = p
	}
	if isBare(s.noRead) {
		if t := heldBare(pid, registers); t != nil {
			s.target, s.noRead = t, nil
		}
	}
	s.open = func() (*record.Record, error) { return heldRecord(pid, p) }
	if _, same := procfs.Is(pid, stat.StartTicks); !same {
		s.Close()
		return nil, fmt.Errorf("process %d has exited", pid)
	}
	return s, nil
}

// goVersion returns the version of Go that an executable was built with, or "".
func goVersion(exe string) string {
	info, err := buildinfo.ReadFile(exe)
	if err != nil {
		return ""
	}
	return info.GoVersion
}

// heldRecord opens the record of process pid. p is the program, or nil.
func heldRecord(pid int, p *target.Program) (*record.Record, error) {
	rec, err := record.Open(pid)
	if err != nil && p == nil && !mayHaveProbes(fmt.Sprintf("/proc/%d/exe", pid)) {
		return nil, ErrUnprobed
	}
	if err == nil || p == nil {
		return rec, err
	}
	// A program that has just started may have no record yet, and a record in private memory has no name.
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

// lastRan returns since when process pid has been held, or zero if it is not held, or unknown. It asks the kernel,
// which knows even if the debugger does not.
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

// Remote opens a session with a program that only target can read, such as a process on another machine. It calls open
// at every look until there is a record; process describes the program. The session closes target.
func Remote(target Target, process snapshot.Process, open func() (*record.Record, error)) *Session {
	return &Session{
		target: target, open: open, process: process,
		moment: func(s *snapshot.Snapshot, stopped time.Time) int64 {
			if stopped.IsZero() {
				return s.Taken // the newest time in the record
			}
			// Its own clock cannot be read, but the time of day is about the same.
			return stopped.UnixNano() - s.Process.TakenWall + s.Taken
		},
	}
}
