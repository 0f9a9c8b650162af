package procfs

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// LastRan returns when a thread of process pid ran last, which for a held process is since when it has been held. It is
// exact to about a clock tick. It fails if the kernel does not say (CONFIG_SCHED_DEBUG), or not for the processors that
// we may use.
func LastRan(pid int) (time.Time, error) {
	list, err := threads(pid)
	if err != nil {
		return time.Time{}, err
	}
	last := make(map[int]float64) // when a thread of it ran last, by processor
	for _, tid := range list {
		cpu, err1 := processor(path(tid, "stat"))
		at, err2 := lastRan(path(tid, "sched"))
		if err1 == nil && err2 == nil {
			last[cpu] = max(last[cpu], at)
		}
	}
	var newest time.Time
	for cpu, at := range last {
		clock, now, err := schedulerClock(cpu)
		if err != nil {
			return time.Time{}, err
		}
		if t := now.Add(-time.Duration(max(clock-at, 0) * float64(time.Millisecond))); t.After(newest) {
			newest = t
		}
	}
	if newest.IsZero() {
		return time.Time{}, fmt.Errorf("the kernel does not say when process %d ran last", pid)
	}
	return newest, nil
}

// Sleeps has which threads of a process sleep, and for how long. A nil Sleeps is empty.
type Sleeps struct {
	pid     int
	threads map[int]sleep
}

type sleep struct {
	time time.Duration // for which the thread has not run
	at   string        // where it made the system call that it sleeps in
}

// Stopped is called while the process stands still. It drops the threads that are no longer where they slept: one that
// waited for work may have got some.
func (s *Sleeps) Stopped() {
	if s == nil {
		return
	}
	for thread, was := range s.threads {
		if was.at == "" || sleepsIn(s.pid, thread) != was.at {
			delete(s.threads, thread)
		}
	}
}

// Of returns how long a thread had slept, if it did.
func (s *Sleeps) Of(thread int) (time.Duration, bool) {
	if s == nil {
		return 0, false
	}
	d, ok := s.threads[thread]
	return d.time, ok
}

// syscallFields returns the fields of /proc/PID/task/TID/syscall for a thread that sleeps: the number, possibly the
// arguments, and the thread's stack pointer and program counter; for a thread that runs, one word.
func syscallFields(pid, thread int) []string {
	// the thread has ended
	b, _ := os.ReadFile(path(pid, fmt.Sprintf("task/%d/syscall", thread)))
	return strings.Fields(string(b))
}

// sleepsIn returns where a thread of process pid made the system call that it sleeps in, or is stopped in: its stack
// pointer and program counter. It is empty if the kernel does not say, or the thread runs. The number of the call may
// change when the thread is stopped.
func sleepsIn(pid, thread int) string {
	fields := syscallFields(pid, thread)
	if len(fields) < 3 {
		return ""
	}
	return strings.Join(fields[len(fields)-2:], " ")
}

// Slept returns how long threads of process pid have not run, as far as the kernel says. It leaves out shorter times
// than the given one.
func Slept(pid int, least time.Duration) *Sleeps {
	s := &Sleeps{pid, make(map[int]sleep)}
	type clock struct {
		at  float64
		err error
	}
	clocks := make(map[int]clock)
	for _, tid := range someThreads(pid) {
		in := sleepsIn(pid, tid)
		cpu, at, err := sleeping(pid, tid)
		if err != nil {
			continue
		}
		c, ok := clocks[cpu]
		if !ok {
			c.at, _, c.err = schedulerClock(cpu)
			clocks[cpu] = c
		}
		if d := time.Duration((c.at - at) * float64(time.Millisecond)); c.err == nil && d >= max(least, 1) {
			s.threads[tid] = sleep{d, in}
		}
	}
	return s
}

// sleeping returns when a sleeping thread ran last, and the processor whose clock that is.
func sleeping(pid, tid int) (cpu int, at float64, err error) {
	cpu, err1 := processor(path(tid, "stat"))
	at, err2 := lastRan(path(tid, "sched"))
	st, err3 := ReadThread(pid, tid)
	if err := errors.Join(err1, err2, err3); err != nil {
		return 0, 0, err
	}
	// It may have run between, on another processor.
	if again, err := lastRan(path(tid, "sched")); err != nil || again != at || st.State != 'S' && st.State != 'D' {
		return 0, 0, fmt.Errorf("thread %d does not sleep", tid)
	}
	if now, err := processor(path(tid, "stat")); err != nil || now != cpu {
		return 0, 0, fmt.Errorf("thread %d has moved to another processor", tid)
	}
	return cpu, at, nil
}

// schedulerClock returns the time of a processor's scheduler, in milliseconds, and the wall time of it. Each processor
// has its own clock, which leaves out time that a hypervisor took. It cannot be read directly, but a thread that runs
// on the processor has just been noted with it.
func schedulerClock(cpu int) (clock float64, now time.Time, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var was, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &was); err != nil {
		return 0, now, err
	}
	one.Set(cpu)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return 0, now, err
	}
	const tries, together = 20, time.Millisecond
	for range tries { // others may have had the processor between
		now = time.Now()
		if clock, err = lastRan(Root + "/thread-self/sched"); err != nil || time.Since(now) < together {
			break
		}
	}
	if e := unix.SchedSetaffinity(0, &was); err == nil {
		err = e
	}
	return clock, now, err
}

// lastRan returns when a thread last ran, in milliseconds of the clock of its processor's scheduler. The kernel has 0
// there until the thread runs for the first time, or again on another processor.
func lastRan(name string) (float64, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if field, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(field) == "se.exec_start" {
			at, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err == nil && at == 0 {
				err = errors.New("the thread has not run since it was made, or moved to another processor")
			}
			return at, err
		}
	}
	return 0, fmt.Errorf("%s has no se.exec_start", name)
}

// processor returns the processor on which a thread ran last.
func processor(name string) (int, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, err
	}
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	const field = 39 - 3 // of proc_pid_stat(5), counted from the one behind the name
	if len(f) <= field {
		return 0, fmt.Errorf("%s has no processor", name)
	}
	return strconv.Atoi(f[field])
}
