//go:build !linux

package procfs

// A PipeWait is a process that waits to write to a full pipe, or to read from an empty one.
type PipeWait struct {
	Pid   int
	Write bool
	FD    int
}

// PipeWait returns false: only Linux says which system call a process is in.
func (*OpenFiles) PipeWait(int, int) (PipeWait, bool) { return PipeWait{}, false }
