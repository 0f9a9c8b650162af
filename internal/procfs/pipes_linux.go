package procfs

import (
	"strconv"
	"strings"
	"syscall"
)

// A PipeWait is a process that waits to write to a full pipe, or to read from an empty one.
type PipeWait struct {
	Pid   int
	Write bool
	FD    int // the other end, of the process that was asked about
}

// PipeWait returns the first of process pid and those that it has started that waits for a pipe whose other end process
// user alone has.
func (o *OpenFiles) PipeWait(pid, user int) (PipeWait, bool) {
	for _, p := range o.family(pid) {
		list, _ := threads(p) // a process that has ended has none
		for _, thread := range list {
			nr, fd, ok := systemCall(p, thread)
			write := nr == syscall.SYS_WRITE || nr == syscall.SYS_WRITEV
			if !ok || !write && nr != syscall.SYS_READ && nr != syscall.SYS_READV {
				continue
			}
			if other, ok := o.onlyEnd(FDPath(p, fd), !write, user); ok {
				return PipeWait{Pid: p, Write: write, FD: other}, true
			}
		}
	}
	return PipeWait{}, false
}

// family returns process pid and those that descend from it.
func (o *OpenFiles) family(pid int) []int {
	if o.children == nil {
		o.children = Children()
	}
	list := []int{pid}
	for i := 0; i < len(list); i++ {
		for _, s := range o.children[list[i]] {
			list = append(list, s.Pid)
		}
	}
	return list
}

// onlyEnd returns the descriptor by which process pid writes to a pipe, or reads from it, if nobody else does.
func (o *OpenFiles) onlyEnd(pipe string, writes bool, pid int) (fd int, ok bool) {
	if !strings.HasPrefix(pipe, "pipe:") {
		return 0, false
	}
	const readOnly, writeOnly = 0, 1
	for _, d := range o.byLink[pipe] {
		mode := accessMode(d.pid, d.fd)
		if mode == readOnly && writes || mode == writeOnly && !writes {
			continue
		}
		if mode < 0 || d.pid != pid {
			return 0, false
		}
		fd, ok = d.fd, true
	}
	return fd, ok
}

// systemCall returns the system call that a thread of process pid sleeps in, and its first argument, a file descriptor.
func systemCall(pid, thread int) (nr, fd int, ok bool) {
	fields := syscallFields(pid, thread)
	if len(fields) < 2 {
		return 0, 0, false
	}
	nr, err1 := strconv.Atoi(fields[0])
	n, err2 := strconv.ParseInt(fields[1], 0, 32)
	return nr, int(n), err1 == nil && err2 == nil
}
