package procfs

import (
	"bufio"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Socket is a socket as the kernel sees it.
type Socket struct {
	Network       string // tcp, udp or unix
	Local, Remote string // address:port, or the path of a unix socket; empty if it has none
	Unsent        int    // bytes that were written and the peer has not taken (of unix: has not read); -1 unknown
	// bytes that have arrived and were not read; of a listener, connections that nobody has accepted; -1 unknown
	Unread int
	inode  uint64
	peer   uint64 // inode of the peer of a unix socket, 0 if unknown
}

// Sockets holds the sockets of a network namespace at one moment.
type Sockets struct {
	list    []Socket
	byInode map[uint64]int
}

// ReadSockets returns the TCP, UDP and unix sockets of the network namespace of process pid, as far as they can be
// read.
func ReadSockets(pid int) *Sockets {
	s := &Sockets{byInode: make(map[uint64]int)}
	for _, name := range []string{"tcp", "tcp6", "udp", "udp6", "unix"} {
		f, err := os.Open(filepath.Join(path(pid, "net"), name))
		if err != nil {
			continue
		}
		parse := parseSocket
		if name == "unix" {
			parse = parseUnix
		}
		for in := bufio.NewScanner(f); in.Scan(); {
			if sock, ok := parse(in.Text()); ok {
				sock.Network = strings.TrimSuffix(name, "6")
				s.byInode[sock.inode] = len(s.list)
				s.list = append(s.list, sock)
			}
		}
		f.Close()
	}
	s.joinUnix(unixPeers(pid))
	return s
}

// A unixState is what the kernel says of a unix socket besides its name.
type unixState struct {
	peer   uint64 // inode
	unread int
}

// joinUnix adds what the kernel says of unix sockets, by inode.
func (s *Sockets) joinUnix(states map[uint64]unixState) {
	for i := range s.list {
		sock := &s.list[i]
		st, ok := states[sock.inode]
		if sock.Network != "unix" || !ok {
			continue
		}
		sock.peer, sock.Unread = st.peer, st.unread
		if other, ok := states[st.peer]; ok {
			sock.Unsent = other.unread
		}
		if at, ok := s.byInode[st.peer]; ok {
			sock.Remote = s.list[at].Local
		}
	}
}

// parseUnix reads a line of /proc/net/unix: "0000000000000000: 00000003 00000000 00000000 0001 03 4711 /run/some.sock".
func parseUnix(line string) (Socket, bool) {
	f := strings.Fields(line)
	if len(f) < 7 {
		return Socket{}, false
	}
	inode, err := strconv.ParseUint(f[6], 10, 64)
	sock := Socket{Unsent: -1, Unread: -1, inode: inode}
	if len(f) > 7 {
		sock.Local = strings.Join(f[7:], " ")
	}
	return sock, err == nil
}

// parseSocket reads a line of /proc/net/tcp: "0: 0100007F:1F90 0100007F:D2E4 01 00000000:00000000 00:00000000 0 0 0
// 4711 …".
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
	if strings.HasSuffix(remote, ":0") { // it has no peer
		remote = ""
	}
	return Socket{Local: local, Remote: remote, Unsent: int(unsent), Unread: int(unread), inode: inode}, true
}

// Owner returns the user who has the end local of a TCP connection to remote, both as netip.AddrPort prints them.
func Owner(local, remote string) (uid int, ok bool) {
	for _, name := range []string{"tcp", "tcp6"} {
		b, err := os.ReadFile(filepath.Join(Root, "net", name))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(b)) {
			if s, valid := parseSocket(line); !valid || s.Local != local || s.Remote != remote {
				continue
			}
			if uid, err := strconv.Atoi(strings.Fields(line)[7]); err == nil {
				return uid, true
			}
		}
	}
	return 0, false
}

// parseAddr reads an address of /proc/net/tcp: words of four bytes in the byte order of the machine, which is little
// endian wherever awaittrace has its fast path, and the port.
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

// OfFD returns the socket of file descriptor fd of process pid.
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

// Peer returns the process at the other end of a connection, or 0 if it is on another machine or another user's.
func (s *Sockets) Peer(c Socket, files *OpenFiles) int {
	if c.peer != 0 {
		return files.owner(socketLink(c.peer))
	}
	if c.Remote == "" || c.Network == "unix" {
		return 0
	}
	for _, o := range s.list {
		// A UDP socket that receives from anybody has no remote address, and often none of its own.
		back := o.Remote == c.Local || o.Remote == "" && c.Network == "udp"
		if o.Local == c.Remote && back && o.Network == c.Network && o.inode != c.inode {
			if pid := files.owner(socketLink(o.inode)); pid != 0 {
				return pid
			}
		}
	}
	return 0
}

// PeerFD returns the descriptor of process pid for the other end of a connection, if that is the only one.
func (s *Sockets) PeerFD(c Socket, files *OpenFiles, pid int) (fd int, ok bool) {
	for _, o := range s.list {
		if c.Remote == "" || o.inode == c.inode || o.Network != c.Network ||
			o.inode != c.peer && (o.Local != c.Remote || o.Remote != c.Local) {
			continue
		}
		if all := files.byLink[socketLink(o.inode)]; len(all) == 1 && all[0].pid == pid {
			return all[0].fd, true
		}
	}
	return 0, false
}

// Peer returns the process that has the other end of a TCP connection of this process, or 0. The addresses are as
// netip.AddrPort prints them.
func Peer(local, remote string) int {
	return ReadSockets(os.Getpid()).Peer(Socket{Network: "tcp", Local: local, Remote: remote}, ReadOpenFiles())
}

func socketLink(inode uint64) string { return "socket:[" + strconv.FormatUint(inode, 10) + "]" }

// FDPath returns what file descriptor fd of process pid is: a path, or such as "socket:[4711]"; "" if unknown.
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
