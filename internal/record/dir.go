package record

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// Dir returns the folder in which the programs of this user keep their records: $AWAITTRACE_DIR, or a folder of the user's own in
// shared memory. The collector chooses it the same way.
func Dir() string {
	if dir := os.Getenv("AWAITTRACE_DIR"); dir != "" {
		return dir
	}
	return "/dev/shm/awaittrace-" + strconv.Itoa(os.Geteuid())
}

// memfd is the name that a record without a file has among the mappings of its program.
const memfd = "/memfd:awaittrace"

// An Entry is a record that there is.
type Entry struct {
	Pid        int
	StartTicks uint64 // with Pid it names the process
	Path       string // of the file; empty: the record is in the memory of its program
	Live       bool   // the program runs, or is stopped
}

// List returns the records in dir, and those that programs of this user keep in memory, sorted by start, newest last. Where AWAITTRACE_DIR keeps
// programs apart, those are not listed that were started with another. A folder that does not exist holds none.
func List(dir string) ([]Entry, error) {
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot list the records: %w", err)
	}
	var list []Entry
	inFile := make(map[int]bool)
	for _, f := range files {
		e, ok := parseName(f.Name())
		if !ok || !f.Type().IsRegular() {
			continue
		}
		e.Path = filepath.Join(dir, f.Name())
		_, e.Live = procfs.Is(e.Pid, e.StartTicks)
		inFile[e.Pid] = inFile[e.Pid] || e.Live
		list = append(list, e)
	}
	for _, pid := range procfs.Pids() {
		if inFile[pid] || pid == os.Getpid() {
			continue
		}
		// A record in another folder is one that somebody keeps apart from these.
		if e, err := fromMappings(pid); err == nil && e.Path == "" && isOurs(pid) {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b Entry) int {
		if a.StartTicks != b.StartTicks {
			return cmp.Compare(a.StartTicks, b.StartTicks)
		}
		return a.Pid - b.Pid
	})
	return list, nil
}

// isOurs reports whether a program that has its record in memory was started with the same AWAITTRACE_DIR as this process, if it has one.
func isOurs(pid int) bool {
	dir := os.Getenv("AWAITTRACE_DIR")
	if dir == "" {
		return true
	}
	env, err := os.ReadFile(filepath.Join(procfs.Root, strconv.Itoa(pid), "environ"))
	return err != nil || slices.Contains(strings.Split(string(env), "\x00"), "AWAITTRACE_DIR="+dir)
}

// parseName reads the name of a record's file, PID-STARTTICKS.
func parseName(name string) (Entry, bool) {
	a, b, ok := strings.Cut(name, "-")
	if !ok {
		return Entry{}, false
	}
	pid, err1 := strconv.Atoi(a)
	ticks, err2 := strconv.ParseUint(b, 10, 64)
	return Entry{Pid: pid, StartTicks: ticks}, err1 == nil && err2 == nil && pid > 0
}

// errNoRecord is the answer for a process that has no record.
var errNoRecord = errors.New("no record")

// fromMappings finds the record that process pid has mapped, wherever it is.
func fromMappings(pid int) (Entry, error) {
	maps, err := procfs.Mappings(pid)
	if err != nil {
		return Entry{}, err
	}
	s, live := procfs.Is(pid, 0)
	for _, m := range maps {
		if m.Path == memfd {
			return Entry{Pid: pid, StartTicks: s.StartTicks, Live: live}, nil
		}
		if e, ok := parseName(filepath.Base(m.Path)); ok && e.StartTicks == s.StartTicks && m.Offset == 0 {
			e.Pid, e.Path, e.Live = pid, m.Path, live
			return e, nil
		}
	}
	return Entry{}, errNoRecord
}

// find returns the record of process pid: of the live one, or of the newest that had this pid.
func find(pid int, dir string) (Entry, error) {
	s, live := procfs.Is(pid, 0)
	if live {
		path := filepath.Join(dir, fmt.Sprintf("%d-%d", pid, s.StartTicks))
		if _, err := os.Stat(path); err == nil {
			return Entry{pid, s.StartTicks, path, true}, nil
		}
		e, err := fromMappings(pid)
		switch {
		case err == nil:
			return e, nil
		case errors.Is(err, fs.ErrPermission):
			return e, fmt.Errorf("process %d (%s) has no record in %s, and looking for one elsewhere is not permitted: set AWAITTRACE_DIR as the program has it, or ask as its user", pid, s.Name, dir)
		}
	}
	var best Entry
	files, _ := filepath.Glob(filepath.Join(dir, strconv.Itoa(pid)+"-*"))
	for _, f := range files {
		if e, ok := parseName(filepath.Base(f)); ok && e.StartTicks >= best.StartTicks {
			best = e
			best.Path = f
		}
	}
	switch {
	case live: // whatever record there is belongs to a process that had this pid before
		return best, fmt.Errorf("process %d (%s) is not an instrumented program: it has no record in %s; build it with awaittrace build", pid, s.Name, dir)
	case best.Path == "":
		return best, fmt.Errorf("no process %d, and no record of one in %s: see awaittrace ps", pid, dir)
	}
	return best, nil
}
