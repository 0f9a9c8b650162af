// Package procfs looks at processes from outside. It reads what Linux's /proc says of one: whether it is still the
// same, its state, its children, its files and sockets. And it opens the memory and the threads of one, as a
// [reach.Source]: of a process that it stops while it reads it, of one that a debugger or a signal holds, and of a
// core. It needs neither debug information nor Delve. On other systems than Linux most functions fail.
package procfs

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Root is the path of /proc.
const Root = "/proc"

// userHz is the unit of times in /proc, in ticks a second. It is part of the interface of Linux and the same on all
// architectures that Go knows.
const userHz = 100

// A Stat is a process at one moment.
type Stat struct {
	Pid        int
	Name       string // its name in the kernel, with U+FFFD for what is not printable
	State      byte   // R running, S sleeping, D disk, T stopped, t traced, Z dead and not waited for, X dead
	Parent     int
	StartTicks uint64        // clock ticks from boot to its start: with Pid it names the process
	Busy       time.Duration // processor time that it has used
	// Stack is where its stack begins, which usually changes with an exec; zero: unknown.
	Stack uint64
}

// Alive reports whether the process still runs: a zombie does not.
func (s Stat) Alive() bool { return s.State != 'Z' && s.State != 'X' && s.State != 'x' }

// Stopped reports whether the process was stopped by a signal or is held by a debugger.
func (s Stat) Stopped() bool { return s.State == 'T' || s.State == 't' }

// ReadStat returns the state of process pid.
func ReadStat(pid int) (Stat, error) { return readProcess(pid) }

// ReadThread returns the state of a thread of process pid, with what that thread alone has used.
func ReadThread(pid, thread int) (Stat, error) {
	return readStat(path(pid, "task/"+strconv.Itoa(thread)+"/stat"), thread)
}

// Awake returns how many threads of process pid are not asleep: they are on a processor, wait for one or for a disk, or
// are stopped.
func Awake(pid int) (n int, err error) {
	list, err := threads(pid)
	if err != nil {
		return 0, err
	}
	for _, id := range list {
		// A thread that cannot be read has ended.
		if s, err := ReadThread(pid, id); err == nil && s.Alive() && s.State != 'S' {
			n++
		}
	}
	return n, nil
}

// Ready reports whether a thread of process pid is on a processor, or wants one.
func Ready(pid int) bool {
	return slices.ContainsFunc(someThreads(pid), func(id int) bool {
		s, err := ReadThread(pid, id)
		return err == nil && s.State == 'R'
	})
}

// threads returns the ids of the threads of process pid. It fails if there is no such process.
func threads(pid int) ([]int, error) {
	entries, err := os.ReadDir(path(pid, "task"))
	if err != nil {
		return nil, fmt.Errorf("no process %d", pid)
	}
	list := make([]int, 0, len(entries))
	for _, e := range entries {
		if id, err := strconv.Atoi(e.Name()); err == nil {
			list = append(list, id)
		}
	}
	return list, nil
}

// maxThreads bounds the threads of a process that someThreads returns.
const maxThreads = 256

// someThreads returns the first threads of process pid, to be looked at one by one. A process that has ended has none.
func someThreads(pid int) []int {
	list, _ := threads(pid)
	return list[:min(len(list), maxThreads)]
}

func readStat(file string, id int) (Stat, error) {
	b, err := readFile(file)
	if err != nil {
		return Stat{}, fmt.Errorf("no process %d", id)
	}
	s, err := parseStat(string(b))
	if err != nil {
		return Stat{}, fmt.Errorf("%s: %v", file, err)
	}
	return s, nil
}

// parseStat reads a line of /proc/PID/stat. The name stands in parentheses and may itself hold spaces and parentheses.
func parseStat(line string) (Stat, error) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 1 || end < open {
		return Stat{}, fmt.Errorf("no process name in %q", line)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line[:open]))
	if err != nil {
		return Stat{}, fmt.Errorf("pid: %v", err)
	}
	f := strings.Fields(line[end+1:]) // f[0] is field 3 of proc_pid_stat(5)
	if len(f) < 20 || len(f[0]) != 1 {
		return Stat{}, fmt.Errorf("%d fields after the name, want at least 20", len(f))
	}
	parent, err := strconv.Atoi(f[1])
	if err != nil {
		return Stat{}, fmt.Errorf("parent: %v", err)
	}
	ticks, err := strconv.ParseUint(f[19], 10, 64)
	if err != nil {
		return Stat{}, fmt.Errorf("start time: %v", err)
	}
	user, err1 := strconv.ParseUint(f[11], 10, 32)
	system, err2 := strconv.ParseUint(f[12], 10, 32)
	if err := cmp.Or(err1, err2); err != nil {
		return Stat{}, fmt.Errorf("processor time: %v", err)
	}
	s := Stat{
		Pid: pid, Name: printable(line[open+1 : end]), State: f[0][0], Parent: parent, StartTicks: ticks,
		Busy: time.Duration(user+system) * time.Second / userHz,
	}
	if len(f) > 25 {
		s.Stack, _ = strconv.ParseUint(f[25], 10, 64) // 0 without permission to trace it
	}
	return s, nil
}

// printable returns name with U+FFFD for every character that could act on a terminal: a process names itself.
func printable(name string) string {
	return strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) {
			return unicode.ReplacementChar
		}
		return c
	}, name)
}

// Is reports whether process pid lives and was started at ticks; ticks zero means that any start will do.
func Is(pid int, ticks uint64) (Stat, bool) {
	s, err := ReadStat(pid)
	if err != nil || !s.Alive() || ticks != 0 && s.StartTicks != ticks {
		return Stat{}, false
	}
	return s, true
}

// Traced reports whether a debugger has stopped process pid.
func Traced(pid int) bool {
	s, err := ReadStat(pid)
	return err == nil && s.State == 't'
}

// lookTime is how long a look at a program may take.
const lookTime = 500 * time.Millisecond

// AwaitUntraced waits until nobody traces process pid, but not for longer than a look takes: another awaittrace, such as
// run, traces a program while it looks at it. A debugger stays.
func AwaitUntraced(pid int) {
	for end := time.Now().Add(lookTime); time.Now().Before(end); time.Sleep(time.Millisecond) {
		status, err := os.ReadFile(path(pid, "status"))
		if by := statusNumbers(status, "TracerPid"); err != nil || len(by) != 1 || by[0] == 0 {
			return
		}
	}
}

// TracedBy maps pid, in the PID namespace of process tracer, to a host PID that tracer traces. For pid zero it returns
// the first process that tracer traces. It returns zero if there is none.
func TracedBy(tracer, pid int) int {
	for _, p := range Pids() {
		status, err := os.ReadFile(path(p, "status"))
		if err != nil {
			continue
		}
		thread := statusNumbers(status, "TracerPid")
		if len(thread) != 1 || thread[0] == 0 {
			continue
		}
		if _, err := ReadThread(tracer, thread[0]); err != nil {
			continue
		}
		if pid == 0 || pid == p || slices.Contains(statusNumbers(status, "NSpid"), pid) {
			return p
		}
	}
	return 0
}

// statusNumbers returns the numbers of a line of /proc/PID/status, such as "NSpid:\t4711\t8".
func statusNumbers(status []byte, name string) (list []int) {
	_, rest, _ := strings.Cut(string(status), "\n"+name+":")
	line, _, _ := strings.Cut(rest, "\n")
	for _, f := range strings.Fields(line) {
		if n, err := strconv.Atoi(f); err == nil {
			list = append(list, n)
		}
	}
	return list
}

// Children returns the live processes, by their parents.
func Children() map[int][]Stat {
	children := make(map[int][]Stat)
	for _, pid := range Pids() {
		if s, err := ReadStat(pid); err == nil && s.Alive() {
			children[s.Parent] = append(children[s.Parent], s)
		}
	}
	return children
}

// Child returns the first live child of process parent, or 0.
func Child(parent int) int {
	for _, pid := range Pids() {
		if s, err := ReadStat(pid); err == nil && s.Parent == parent && s.Alive() {
			return pid
		}
	}
	return 0
}

func path(pid int, name string) string { return filepath.Join(Root, strconv.Itoa(pid), name) }
