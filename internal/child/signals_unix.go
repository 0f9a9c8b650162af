//go:build unix

package child

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// ofTerminal are the signals that a terminal sends to its foreground process group.
var ofTerminal = []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTSTP, syscall.SIGWINCH}

// others are the signals that are passed on always.
var others = []os.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGALRM, syscall.SIGCONT}

// notify has the signals delivered to c. Those that are ignored stay so, and the child inherits that: nohup, background jobs
// of a script.
func notify(c chan<- os.Signal) {
	for _, list := range [][]os.Signal{ofTerminal, others} {
		for _, sig := range list {
			if !signal.Ignored(sig) {
				signal.Notify(c, sig)
			}
		}
	}
}

// forward passes sig on to process. When it is the wish to stop we stop as well, as a shell that sees a job stop expects.
func forward(process *os.Process, sig os.Signal, c chan<- os.Signal) {
	if !fromTerminal(sig) {
		process.Signal(sig)
	}
	if sig == syscall.SIGTSTP {
		signal.Reset(sig)
		stopSelf()
		signal.Notify(c, sig)
	}
}

// fromTerminal reports whether sig is to be taken for one that a terminal sent to our whole process group.
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

// Status returns the exit status of a program as a shell shows it: 128 and the number of the signal for one that a signal ended.
func Status(state *os.ProcessState) int {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal())
	}
	return state.ExitCode()
}

// WaitStatus returns how a program ended, as the system gives it.
func WaitStatus(state *os.ProcessState) uint32 {
	ws, _ := state.Sys().(syscall.WaitStatus)
	return uint32(ws)
}
