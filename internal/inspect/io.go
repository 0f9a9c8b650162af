package inspect

import (
	"fmt"
	"strings"

	"github.com/awaittrace/awaittrace/dlvext"
	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// addIO adds to s what the operating system knows of the files, connections and processes that goroutines are blocked in.
func addIO(s *snapshot.Snapshot, pid int, res *dlvext.Result) {
	var sockets *procfs.Sockets // read when the first file descriptor is met
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		b, ok := res.Blocked[g.ID]
		if !ok || len(g.Waits) == 0 {
			continue
		}
		o := s.Objects[g.Waits[0].Obj]
		if o == nil || o.IO != nil {
			continue
		}
		o.IO = &snapshot.IO{Unsent: -1, Unread: -1, FD: b.FD, Path: b.Path, Pid: b.Pid}
		if st, err := procfs.ReadStat(b.Pid); b.Pid != 0 && err == nil {
			o.IO.Peer = fmt.Sprintf("pid %d (%s)", b.Pid, st.Name)
		}
		if b.FD < 0 {
			continue
		}
		if sockets == nil {
			sockets = procfs.ReadSockets(pid)
		}
		if sock, ok := sockets.OfFD(pid, b.FD); ok {
			o.IO.Local, o.IO.Remote, o.IO.Unsent, o.IO.Unread = sock.Local, sock.Remote, sock.Unsent, sock.Unread
			o.IO.Peer = sockets.Peer(sock)
		} else if path := procfs.FDPath(pid, b.FD); o.IO.Path == "" && strings.HasPrefix(path, "/") {
			o.IO.Path = path
		}
	}
}
