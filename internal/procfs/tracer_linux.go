//go:build amd64 || arm64

package procfs

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/awaittrace/awaittrace/internal/reach"
)

const (
	// stopTime is how long the threads of a process may take to stop.
	stopTime = 2 * time.Second
	// turnTime is how much longer they may take where one of them, or the tracer, has had no processor.
	turnTime = 10 * time.Second
	// diskTime is how long a thread may take to come out of an uninterruptible wait.
	diskTime = 100 * time.Millisecond
)

// A Tracer keeps a process from running. All its methods are called on one locked thread: see OnTracer.
type Tracer struct {
	pid     int
	threads map[int]*traced
}

// NewTracer returns a tracer of the process, which still runs, after another look at it has ended.
func NewTracer(pid int) *Tracer {
	AwaitUntraced(pid)
	return &Tracer{pid: pid, threads: make(map[int]*traced)}
}

// A traced is a thread of the process.
type traced struct {
	stopped bool
	// signal was about to be delivered when the thread stopped. The thread gets it when it goes on.
	signal int
}

// OnTracer runs f on a thread of its own, which ends with f. The kernel binds tracing to a thread. When the thread
// ends, the kernel releases whatever it still traces, such as a thread that never stopped because it waits for a disk.
func OnTracer(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // not unlocked, so that the thread ends
		if unix.Gettid() == unix.Getpid() {
			// Go does not let the main thread end. While it is locked here, f gets another.
			OnTracer(f)
			runtime.UnlockOSThread()
			return
		}
		f()
	}()
	<-done
}

// Stop stops all threads. It leaves out threads in an uninterruptible wait in the kernel, which cannot change memory.
func (t *Tracer) Stop() error {
	deadline := time.Now().Add(stopTime)
	for {
		tids, err := ThreadIDs(t.pid)
		if err != nil {
			return HasExited(t.pid)
		}
		before := len(t.threads)
		for _, tid := range tids {
			if err := t.seize(tid); err != nil {
				return err
			}
		}
		if len(t.threads) == before {
			break // no thread is left running that could have started another
		}
		if err := t.wait(deadline); err != nil {
			return err
		}
	}
	if len(t.threads) == 0 {
		return HasExited(t.pid)
	}
	return nil
}

// seize begins to trace the thread, unless it is already traced or has ended.
func (t *Tracer) seize(tid int) error {
	if t.threads[tid] != nil {
		return nil
	}
	err := unix.PtraceSeize(tid)
	switch {
	case errors.Is(err, unix.ESRCH):
		return nil
	case err != nil:
		if Gone(ThreadState(tid)) {
			return nil
		}
		return Refused(t.pid, err)
	}
	t.threads[tid] = new(traced)
	if err := unix.PtraceInterrupt(tid); err != nil && !errors.Is(err, unix.ESRCH) {
		return Refused(t.pid, err)
	}
	return nil
}

// wait waits until the traced threads stand still.
func (t *Tracer) wait(deadline time.Time) error {
	start := time.Now()
	pause := 20 * time.Microsecond
	for {
		running := 0
		for tid, th := range t.threads {
			if !th.stopped && !t.poll(tid, th) {
				running = tid
			}
		}
		if running == 0 || time.Since(start) > diskTime && t.onlyDisk() {
			return nil
		}
		if late := time.Since(deadline); late > 0 {
			if state := ThreadState(running); late > turnTime || state != 't' && state != 'R' {
				return &Error{
					Reason: TimedOut,
					Text: fmt.Sprintf("thread %d of process %d has not stopped in %v (state %c)", running, t.pid,
						(stopTime + late).Round(time.Second), state),
				}
			}
		}
		time.Sleep(pause)
		pause = min(2*pause, 2*time.Millisecond)
	}
}

// onlyDisk reports whether all threads that have not stopped are in an uninterruptible wait, or gone.
func (t *Tracer) onlyDisk() bool {
	for tid, th := range t.threads {
		if s := ThreadState(tid); !th.stopped && s != 'D' && !Gone(s) {
			return false
		}
	}
	return true
}

// poll reports whether the thread stands still, or is gone. It must not wait for exits (WEXITED): awaittrace may also
// be the parent of the process, and its wait for the exit status there would then never end.
func (t *Tracer) poll(tid int, th *traced) bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, tid, &info, unix.WSTOPPED|unix.WNOHANG|unix.WALL, nil)
	if errors.Is(err, unix.ECHILD) {
		delete(t.threads, tid)
		return true
	}
	child := (*childInfo)(unsafe.Pointer(&info))
	if err != nil || child.pid == 0 {
		return false
	}
	th.stopped = true
	if child.status>>8 == 0 {
		// The stop is for a signal. Our own interrupt carries an event in the second byte.
		th.signal = int(child.status)
	}
	return true
}

// childInfo is the part of a siginfo_t that waitid sets.
type childInfo struct {
	signo, errno, code, _ int32
	pid                   int32
	uid                   uint32
	status                int32
}

// Release lets all threads go on, or stay stopped if the process had been.
func (t *Tracer) Release() {
	for tid, th := range t.threads {
		if th.stopped || t.poll(tid, th) {
			// An error means that the thread is gone.
			unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_DETACH, uintptr(tid), 0, uintptr(th.signal), 0, 0)
		}
	}
	clear(t.threads)
}

// ThreadIDs returns the threads of the process.
func ThreadIDs(pid int) ([]int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return nil, err
	}
	var tids []int
	for _, e := range entries {
		if tid, err := strconv.Atoi(e.Name()); err == nil {
			tids = append(tids, tid)
		}
	}
	return tids, nil
}

// Registers returns the threads that stand still, with their registers. The registers of a thread that did not stop,
// because it is in an uninterruptible wait in the kernel, are unknown.
func (t *Tracer) Registers() ([]reach.Thread, error) {
	nested := len(strings.Fields(procStatus(t.pid)["NSpid"])) > 1
	var list []reach.Thread
	for tid, th := range t.threads {
		var one reach.Thread
		var err error
		if th.stopped {
			one, err = threadRegisters(tid)
		} else {
			one.SP, one.PC, err = Counter(t.pid, tid)
		}
		if err != nil {
			if Gone(ThreadState(tid)) {
				continue
			}
			return nil, fmt.Errorf("the registers of thread %d: %w", tid, err)
		}
		if one.TID = tid; nested {
			one.TID = ownTID(tid)
		}
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b reach.Thread) int { return cmp.Compare(a.TID, b.TID) })
	return list, nil
}
