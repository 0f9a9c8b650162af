package watch

import "golang.org/x/sys/unix"

// awaitEnd returns when process pid has ended, and leaves its status to its parent, which may be us. It does not wait
// for the status, because a wait for a child's exit also gets the ptrace stops of a child that this process traces,
// whatever its options are (wait_task_stopped in kernel/exit.c). It would end too early, and take the stops from the
// tracer.
func awaitEnd(pid int) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil { // Linux before 5.3, or a sandbox
		pollEnd(pid)
		return
	}
	defer unix.Close(fd)
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1)
		if err != unix.EINTR {
			return
		}
	}
}
