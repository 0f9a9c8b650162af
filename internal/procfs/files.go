package procfs

import (
	"bufio"
	"bytes"
	"os"
	"strconv"
	"strings"
)

// OpenFiles are the file descriptors of all processes that we may look into, at one moment.
type OpenFiles struct {
	byLink   map[string][]descriptor // by the result of FDPath
	children map[int][]Stat          // see Children; read when first needed
}

type descriptor struct{ pid, fd int }

// ReadOpenFiles returns the file descriptors that are sockets, pipes or files with a name.
func ReadOpenFiles() *OpenFiles {
	o := &OpenFiles{byLink: make(map[string][]descriptor)}
	for _, pid := range Pids() {
		fds, _ := os.ReadDir(path(pid, "fd"))
		for _, fd := range fds {
			n, err := strconv.Atoi(fd.Name())
			if link := FDPath(pid, n); err == nil && link != "" && !strings.HasPrefix(link, "anon_inode:") {
				o.byLink[link] = append(o.byLink[link], descriptor{pid, n})
			}
		}
	}
	return o
}

// owner returns a process that has what link names, or 0.
func (o *OpenFiles) owner(link string) int {
	if all := o.byLink[link]; len(all) > 0 {
		return all[0].pid
	}
	return 0
}

// OtherEnd returns the process that has the other end of the pipe or FIFO of a file descriptor, preferably another
// process than its own, or 0.
func (o *OpenFiles) OtherEnd(pid, fd int) int {
	mine := accessMode(pid, fd)
	found := 0
	for _, d := range o.byLink[FDPath(pid, fd)] {
		if mode := accessMode(d.pid, d.fd); mode < 0 || mode == mine {
			continue
		}
		if found = d.pid; found != pid {
			break
		}
	}
	return found
}

// accessMode returns whether a file descriptor is open for reading (0), writing (1) or both (2); -1 if unknown.
func accessMode(pid, fd int) int {
	b, err := os.ReadFile(path(pid, "fdinfo/"+strconv.Itoa(fd)))
	if err != nil {
		return -1
	}
	for in := bufio.NewScanner(bytes.NewReader(b)); in.Scan(); {
		if flags, ok := strings.CutPrefix(in.Text(), "flags:"); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(flags), 8, 64)
			if err != nil {
				return -1
			}
			return int(n & 3)
		}
	}
	return -1
}

// IsFIFO reports whether path is a FIFO.
func IsFIFO(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.Mode()&os.ModeNamedPipe != 0
}
