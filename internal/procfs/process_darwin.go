package procfs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// The states of a process in sys/proc.h.
const (
	sStop   = 4
	sZombie = 5
	sRun    = 2
)

func readProcess(pid int) (Stat, error) {
	k, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil || int(k.Proc.P_pid) != pid {
		return Stat{}, fmt.Errorf("no process %d", pid)
	}
	s := Stat{Pid: pid, Parent: int(k.Eproc.Ppid), State: 'S', Name: printable(text(k.Proc.P_comm[:]))}
	switch k.Proc.P_stat {
	case sStop:
		s.State = 'T'
	case sZombie:
		s.State = 'Z'
	case sRun:
		s.State = 'R'
	}
	start := k.Proc.P_starttime
	s.StartTicks = uint64(start.Sec)*userHz + uint64(start.Usec)*userHz/1e6 // since 1970
	return s, nil
}

// Started returns when a process was started, to a hundredth of a second.
func Started(s Stat) (time.Time, bool) {
	return time.Unix(0, int64(s.StartTicks)*int64(time.Second/userHz)), s.StartTicks != 0
}

// text returns the string that ends with the first NUL in b.
func text(b []byte) string {
	s, _, _ := bytes.Cut(b, []byte{0})
	return string(s)
}

// Args returns the command line of process pid, or nil.
func Args(pid int) []string {
	_, args := arguments(pid)
	return args
}

// Exe returns the path of the program that process pid runs, or "".
func Exe(pid int) string {
	exe, _ := arguments(pid)
	return exe
}

// arguments reads kern.procargs2: the number of arguments, the path of the program, NULs, and the arguments with a NUL
// behind each.
func arguments(pid int) (exe string, args []string) {
	b, err := unix.SysctlRaw("kern.procargs2", pid)
	if err != nil || len(b) < 4 {
		return "", nil
	}
	n := int(binary.NativeEndian.Uint32(b))
	path, rest, _ := bytes.Cut(b[4:], []byte{0})
	rest = bytes.TrimLeft(rest, "\x00")
	for ; n > 0 && len(rest) > 0; n-- {
		var arg []byte
		arg, rest, _ = bytes.Cut(rest, []byte{0})
		args = append(args, string(arg))
	}
	return string(path), args
}

// Pids returns the processes that there are, in ascending order.
func Pids() []int {
	all, err := unix.SysctlKinfoProcSlice("kern.proc.all")
	if err != nil {
		return nil
	}
	pids := make([]int, 0, len(all))
	for i := range all {
		pids = append(pids, int(all[i].Proc.P_pid))
	}
	slices.Sort(pids)
	return pids
}
