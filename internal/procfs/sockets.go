package procfs

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Socket is a TCP connection or listener as the kernel sees it.
type Socket struct {
	Local, Remote string // address:port
	Unsent        int    // bytes that were written and the peer's kernel has not taken
	Unread        int    // bytes that have arrived and were not read; of a listener, connections that nobody has accepted
	inode         uint64
}

// Sockets are the TCP sockets of a network namespace at one moment.
type Sockets struct {
	list    []Socket
	byInode map[uint64]int
	owners  map[uint64]int // process by inode, for those that we may look into; nil: not looked for yet
}

// ReadSockets returns the TCP sockets of the network namespace of process pid, as many as can be read.
func ReadSockets(pid int) *Sockets {
	s := &Sockets{byInode: make(map[uint64]int)}
	for _, name := range []string{"tcp", "tcp6"} {
		f, err := os.Open(filepath.Join(path(pid, "net"), name))
		if err != nil {
			continue
		}
		for in := bufio.NewScanner(f); in.Scan(); {
			if sock, ok := parseSocket(in.Text()); ok {
				s.byInode[sock.inode] = len(s.list)
				s.list = append(s.list, sock)
			}
		}
		f.Close()
	}
	return s
}

// parseSocket reads a line of /proc/net/tcp: "0: 0100007F:1F90 0100007F:D2E4 01 00000000:00000000 00:00000000 0 0 0 4711 …".
func parseSocket(line string) (Socket, bool) {
	f := strings.Fields(line)
	if len(f) < 10 {
		return Socket{}, false
	}
	local, ok1 := parseAddr(f[1])
	remote, ok2 := parseAddr(f[2])
	tx, rx, ok3 := strings.Cut(f[4], ":")
	unsent, err1 := strconv.ParseUint(tx, 16, 32)
	unread, err2 := strconv.ParseUint(rx, 16, 32)
	inode, err3 := strconv.ParseUint(f[9], 10, 64)
	if !ok1 || !ok2 || !ok3 || err1 != nil || err2 != nil || err3 != nil {
		return Socket{}, false
	}
	return Socket{local, remote, int(unsent), int(unread), inode}, true
}

// parseAddr reads an address of /proc/net/tcp: words of four bytes in the byte order of the machine, which is little endian wherever
// awaittrace has its fast path, and the port.
func parseAddr(s string) (string, bool) {
	addr, port, ok := strings.Cut(s, ":")
	b, err1 := hex.DecodeString(addr)
	p, err2 := strconv.ParseUint(port, 16, 16)
	if !ok || err1 != nil || err2 != nil || len(b) != 4 && len(b) != 16 {
		return "", false
	}
	for w := b; len(w) > 0; w = w[4:] {
		slices.Reverse(w[:4])
	}
	ip, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(ip.Unmap(), uint16(p)).String(), true
}

// OfFD returns the socket that file descriptor fd of process pid is.
func (s *Sockets) OfFD(pid, fd int) (Socket, bool) {
	inode, ok := socketInode(FDPath(pid, fd))
	if !ok {
		return Socket{}, false
	}
	i, ok := s.byInode[inode]
	if !ok {
		return Socket{}, false
	}
	return s.list[i], true
}

// Peer returns the process on the other side of a connection, as "pid 4711 (name)", or "" if it is not on this machine or belongs to
// somebody else.
func (s *Sockets) Peer(c Socket) string {
	for _, o := range s.list {
		if o.Local == c.Remote && o.Remote == c.Local && o.inode != c.inode {
			if pid := s.owner(o.inode); pid != 0 {
				st, _ := ReadStat(pid)
				return fmt.Sprintf("pid %d (%s)", pid, st.Name)
			}
		}
	}
	return ""
}

// owner returns the process that has the socket open, or 0.
func (s *Sockets) owner(inode uint64) int {
	if s.owners == nil {
		s.owners = make(map[uint64]int)
		for _, pid := range Pids() {
			fds, _ := os.ReadDir(path(pid, "fd"))
			for _, fd := range fds {
				n, _ := strconv.Atoi(fd.Name())
				if in, ok := socketInode(FDPath(pid, n)); ok && s.owners[in] == 0 {
					s.owners[in] = pid
				}
			}
		}
	}
	return s.owners[inode]
}

// FDPath returns what file descriptor fd of process pid is: a path, or such as "socket:[4711]"; "" if that cannot be known.
func FDPath(pid, fd int) string {
	p, err := os.Readlink(path(pid, "fd/"+strconv.Itoa(fd)))
	if err != nil {
		return ""
	}
	return p
}

func socketInode(link string) (uint64, bool) {
	s, ok := strings.CutPrefix(link, "socket:[")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(strings.TrimSuffix(s, "]"), 10, 64)
	return n, err == nil
}
