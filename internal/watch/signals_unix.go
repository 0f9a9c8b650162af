//go:build unix

package watch

import (
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// ofTerminal are the signals that a terminal sends to its foreground process group.
var ofTerminal = []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGWINCH}

// others are the signals that are always passed on.
var others = []os.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM,
	syscall.SIGCONT}

// notify delivers to c, before the child is started, the signals that are not ignored. It returns a function to call
// after the start, which delivers the ignored ones too, and one for the end. So a child inherits what is ignored
// (nohup, background jobs of a script), and may still get a signal that it asks for, as Go programs do.
//
// Until the end a report that nobody reads any more does not end this process, which would leave the child alone.
func notify(c chan<- os.Signal) (started, stop func()) {
	pipes := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGPIPE) {
		signal.Notify(pipes, syscall.SIGPIPE) // a write fails then, on standard error too
	}
	var ignored []os.Signal
	for _, list := range [][]os.Signal{ofTerminal, others} {
		for _, sig := range list {
			switch {
			case !signal.Ignored(sig):
				signal.Notify(c, sig)
			case sig != syscall.SIGTSTP: // would stop us, too
				ignored = append(ignored, sig)
			}
		}
	}
	started = func() {
		for _, sig := range ignored {
			signal.Notify(c, sig)
		}
	}
	return started, func() {
		signal.Stop(c)
		signal.Stop(pipes)
		if len(ignored) > 0 {
			signal.Ignore(ignored...) // Stop does not bring that back, and the next child is to inherit it
		}
	}
}

// HearInterrupt listens for SIGINT even if this process was started to ignore it, as a shell starts the background jobs
// of a script: until the program runs, nobody else can act on it. heard reports whether one was sent, other than by a
// terminal. release ignores it again, for the program to inherit. If release is not called soon after a signal, end is
// called.
func HearInterrupt(end func()) (heard func() bool, release func()) {
	if !signal.Ignored(syscall.SIGINT) {
		return func() bool { return false }, func() {}
	}
	var sent atomic.Bool
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGINT)
	released := make(chan struct{})
	go func() {
		var late <-chan time.Time
		for {
			select {
			case sig := <-c:
				if !fromTerminal(sig) && !sent.Swap(true) {
					late = time.After(time.Second)
				}
			case <-late:
				end()
			case <-released:
				return
			}
		}
	}()
	return sent.Load, sync.OnceFunc(func() {
		signal.Stop(c)
		signal.Ignore(syscall.SIGINT)
		close(released)
	})
}

// forward passes sig on to process. On SIGTSTP it stops this process as well, as a shell that sees a job stop expects.
func forward(process *os.Process, sig os.Signal) {
	if !fromTerminal(sig) && (sig != syscall.SIGCONT || stopped(process.Pid)) {
		process.Signal(sig)
	}
	if sig == syscall.SIGTSTP && hasShell() {
		// SIGTSTP would not do: package signal does not restore its default action.
		syscall.Kill(syscall.Getpid(), syscall.SIGSTOP)
	}
}

// stopped reports whether process pid is stopped, or may be. A shell continues our whole group, including the child.
func stopped(pid int) bool {
	s, err := procfs.ReadStat(pid)
	return err != nil || s.Stopped()
}

// hasShell reports whether a process that controls jobs started us, and so would continue us after a stop. The kernel
// has the same rule for SIGTSTP: it stops no process of an orphaned group.
func hasShell() bool {
	parent := syscall.Getppid()
	theirs, err1 := unix.Getsid(parent)
	session, err2 := unix.Getsid(0)
	group, err3 := unix.Getpgid(parent)
	ours, err4 := unix.Getpgid(0)
	return err1 == nil && err2 == nil && err3 == nil && err4 == nil && theirs == session && group != ours
}

// fromTerminal reports whether sig is assumed to come from a terminal, for our whole process group.
func fromTerminal(sig os.Signal) bool {
	for _, s := range ofTerminal {
		if s == sig {
			return inForeground()
		}
	}
	return false
}

// inForeground reports whether our process group is in the foreground of our terminal.
func inForeground() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer tty.Close()
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	if err != nil {
		return false
	}
	ours, err := unix.Getpgid(0)
	return err == nil && group == ours
}

// Status returns the exit status of a program as a shell shows it: for a program that a signal ended, 128 plus the
// signal's number.
func Status(state *os.ProcessState) int {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return state.ExitCode()
}

// WaitStatus returns how a program ended, in the form of the system.
func WaitStatus(state *os.ProcessState) uint32 {
	ws, _ := state.Sys().(syscall.WaitStatus)
	return uint32(ws)
}
