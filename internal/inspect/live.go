package inspect

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
)

// Recorded opens a session with the program of rec, which runs or has ended. The session closes rec.
func Recorded(rec *record.Record) *Session {
	return &Session{
		rec: rec, target: process(rec.Pid), here: true, runs: true, exe: fmt.Sprintf("/proc/%d/exe", rec.Pid),
		process: snapshot.Process{Pid: rec.Pid},
	}
}

// Live opens a session with process pid, which runs: a program with probes, or any other Go program.
func Live(pid int) (*Session, error) {
	pid = procfs.Leader(pid)
	rec, err := record.Open(pid)
	if err == nil {
		return Recorded(rec), nil
	}
	stat, live := procfs.Is(pid, 0)
	if !live {
		return nil, err
	}
	exe := fmt.Sprintf("/proc/%d/exe", pid)
	if _, denied := os.Stat(exe); errors.Is(denied, fs.ErrPermission) {
		return nil, err // which says so
	}
	if goVersion(exe) == "" {
		return nil, fmt.Errorf("process %d (%s) is not a Go program", pid, stat.Name)
	}
	return &Session{
		target: process(pid), here: true, runs: true, exe: exe,
		open: func() (*record.Record, error) { return liveRecord(pid, exe) },
		process: snapshot.Process{
			Pid: pid, Exe: procfs.Exe(pid), Args: procfs.Args(pid), Go: goVersion(exe), StartWall: started(stat),
			State: "live",
		},
	}, nil
}

// liveRecord opens the record of process pid, which runs exe.
func liveRecord(pid int, exe string) (*record.Record, error) {
	rec, err := record.Open(pid)
	if broken := (*record.UnreadableError)(nil); err == nil || errors.As(err, &broken) {
		return rec, err
	}
	if !mayHaveProbes(exe) {
		return nil, ErrUnprobed
	}
	p, err := target.Open(target.Target{Pid: pid})
	if isBare(err) {
		return nil, errNotFound(pid)
	}
	if err != nil {
		return nil, err
	}
	defer p.Close()
	addr, probes := p.RecordAddr()
	if err := Unmade(addr, probes); err != nil {
		return nil, err
	}
	return nil, errNotFound(pid)
}

func errNotFound(pid int) error {
	return fmt.Errorf("the record of process %d cannot be found: set AWAITTRACE_DIR as the program has it", pid)
}

// mayHaveProbes reports whether an executable has a collector function, or may have one.
func mayHaveProbes(exe string) bool {
	f, err := elf.Open(exe)
	if err != nil {
		return true
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		return mayCall(f)
	}
	return slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return snapshot.Collector(s.Name) })
}

// mayCall is mayHaveProbes for an executable without symbols, by the runtime's table of functions.
func mayCall(f *elf.File) bool {
	for _, s := range f.Sections {
		if !strings.HasSuffix(s.Name, ".gopclntab") {
			continue
		}
		table, err := s.Data()
		return err != nil || slices.ContainsFunc(target.CollectorFunctions(), func(fn string) bool {
			return bytes.Contains(table, []byte("\x00"+fn+"\x00")) || bytes.Contains(table, []byte("/"+fn+"\x00"))
		})
	}
	return true
}

// started returns when a process was started, nanoseconds since 1970; zero: unknown.
func started(stat procfs.Stat) int64 {
	age, err := stat.Age()
	if err != nil {
		return 0
	}
	return time.Now().Add(-age).UnixNano()
}

// A live target stops its process for each reading.
type process int

// Read implements Target.
func (p process) Read(ctx context.Context, o target.Options) (*target.Result, error) {
	res, err := target.Read(ctx, target.Target{Pid: int(p)}, o)
	if isBare(err) {
		return readBare(ctx, int(p), o)
	}
	return res, err
}

// Close implements Target.
func (process) Close() {}
