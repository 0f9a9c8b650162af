package procfs

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// A Mapping is a range of a process's memory that shows a file.
type Mapping struct {
	Start, End uint64 // addresses
	Offset     uint64 // in the file, bytes
	Path       string // as the process has it in its mount namespace
	Deleted    bool   // the file has no name any more
	Dev        string // major:minor of the file's device, hexadecimal, as the kernel writes it
	Inode      uint64 // of the file
}

// Mappings returns the mappings of process pid that show a file. They need the permission to trace the process.
func Mappings(pid int) ([]Mapping, error) {
	f, err := os.Open(path(pid, "maps"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var ms []Mapping
	in := bufio.NewScanner(f)
	for in.Scan() {
		if m, ok := parseMapping(in.Text()); ok {
			ms = append(ms, m)
		}
	}
	return ms, in.Err()
}

// parseMapping reads a line of /proc/PID/maps: "start-end perms offset dev inode   path".
func parseMapping(line string) (Mapping, bool) {
	i := strings.IndexByte(line, '/')
	if i < 0 {
		return Mapping{}, false
	}
	f := strings.Fields(line[:i])
	if len(f) != 5 {
		return Mapping{}, false
	}
	lo, hi, ok := strings.Cut(f[0], "-")
	start, err1 := strconv.ParseUint(lo, 16, 64)
	end, err2 := strconv.ParseUint(hi, 16, 64)
	off, err3 := strconv.ParseUint(f[2], 16, 64)
	inode, err4 := strconv.ParseUint(f[4], 10, 64)
	if !ok || err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return Mapping{}, false
	}
	path, deleted := strings.CutSuffix(line[i:], " (deleted)")
	return Mapping{start, end, off, path, deleted, f[3], inode}, true
}

// A Memory reads the memory of a process: the offset of ReadAt is an address. The caller closes it.
type Memory struct {
	f   *os.File // nil: by system calls that name the process
	pid int
}

// OpenMemory opens the memory of process pid, which takes the permission to trace it.
func OpenMemory(pid int) (*Memory, error) {
	f, err := os.Open(path(pid, "mem"))
	switch {
	case err == nil:
		return &Memory{f, pid}, nil
	case errors.Is(err, fs.ErrPermission) &&
		mayRead(pid): // of another user, by the capability to trace: the file asks for one more
		return &Memory{nil, pid}, nil
	}
	return nil, fmt.Errorf("cannot read the memory of process %d: %w", pid, err)
}

// ReadAt reads the memory at address addr.
func (m *Memory) ReadAt(b []byte, addr int64) (int, error) {
	if m.f == nil {
		return readMemory(m.pid, b, addr)
	}
	return m.f.ReadAt(b, addr)
}

// Close ends the access to the memory.
func (m *Memory) Close() error {
	if m.f == nil {
		return nil
	}
	return m.f.Close()
}
