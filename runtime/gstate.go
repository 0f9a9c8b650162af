package runtime

// The states of a goroutine in a g, from GOROOT/src/runtime/runtime2.go. GScan is added while its stack is scanned.
const (
	GIdle      = 0
	GRunnable  = 1
	GRunning   = 2
	GSyscall   = 3
	GWaiting   = 4
	GDead      = 6
	GCopystack = 8
	GPreempted = 9
	GLeaked    = 10 // since Go 1.26
	GDeadExtra = 11 // since Go 1.26
	GScan      = 0x1000
)

// GAlive reports whether a g in that state has a goroutine: the runtime keeps the others for reuse.
func GAlive(state uint32) bool {
	switch state &^ GScan {
	case GIdle, GDead, GDeadExtra:
		return false
	}
	return true
}

// GState returns the name of a state in snapshots.
func GState(state uint32) string {
	switch state &^ GScan {
	case GRunnable, GPreempted:
		return "runnable"
	case GRunning, GCopystack:
		return "running"
	case GSyscall:
		return "syscall"
	case GWaiting, GLeaked:
		return "waiting"
	}
	return "unknown"
}

// GThread is the offset of the thread in a g, the pointer m. A thread, the runtime's m, begins with the address of a g
// of its own, g0, which names the thread in turn.
const GThread = 6 * 8
