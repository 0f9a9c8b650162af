//go:build !darwin

package procfs

import (
	"bytes"
	"os"
	"slices"
	"strconv"
	"strings"
)

func readProcess(pid int) (Stat, error) { return readStat(path(pid, "stat"), pid) }

// Args returns the command line of process pid, or nil.
func Args(pid int) []string {
	b, err := os.ReadFile(path(pid, "cmdline"))
	if err != nil || len(b) == 0 {
		return nil
	}
	return strings.Split(string(bytes.TrimSuffix(b, []byte{0})), "\x00")
}

// Exe returns the path of the program that process pid runs, or "".
func Exe(pid int) string {
	p, err := os.Readlink(path(pid, "exe"))
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(p, " (deleted)")
}

// Pids returns the processes that there are, in ascending order.
func Pids() []int {
	d, err := os.Open(Root)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, _ := d.Readdirnames(-1)
	var pids []int
	for _, n := range names {
		if pid, err := strconv.Atoi(n); err == nil {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}
