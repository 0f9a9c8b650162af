package inspect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/procfs"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
)

// addIO adds to s what the operating system knows of the files, connections and processes that goroutines wait for.
func addIO(s *snapshot.Snapshot, pid int, res *target.Result, p *proof) {
	system := ioReader{pid: pid, users: p.fileUsers}
	conns := make(map[uint64]int) // descriptors of HTTP clients' connections
	for _, b := range res.Blocked {
		if b.Conn != 0 && b.FD >= 0 {
			conns[b.Conn] = b.FD
		}
	}
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		g.Owner, g.Ends = res.Blocked[g.ID].Owner, res.Blocked[g.ID].Ends
		if len(g.Waits) == 0 {
			continue
		}
		w := &g.Waits[0]
		if io := system.lock(g); io != nil {
			for k := range g.Waits { // the outer waits are for the same
				g.Waits[k].IO = io
			}
			continue
		}
		b, ok := res.Blocked[g.ID]
		if !ok {
			continue
		}
		if fd, ok := conns[b.Conn]; ok && b.FD < 0 { // the object is the client, not the connection
			b.FD = fd
			w.IO = system.read(b)
			continue
		}
		w.IO = system.read(b)
		if b.Pid != 0 {
			system.reaped(s, g, res, w.IO)
		}
		if o := s.Objects[w.Obj]; o != nil && o.IO == nil {
			o.IO = w.IO
		}
	}
	system.addHandlers(s, res)
}

// addHandlers notes who serves the requests that goroutines have sent, where this program has the other end of the
// connection, too. The wait of an HTTP client has the connection; for others, it is the one from which a goroutine that
// could end the wait reads the answers. The handlers are the goroutine that reads from the other end, the goroutine
// that started it, and those that the two have started.
func (r *ioReader) addHandlers(s *snapshot.Snapshot, res *target.Result) {
	readers := make(map[int]*snapshot.Goroutine) // by descriptor
	family := make(map[int64][]int64)            // the goroutines that a goroutine has started, and itself
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		if c := g.CreatedBy; c != nil {
			family[c.Goroutine] = append(family[c.Goroutine], g.ID)
			if b, ok := res.Blocked[g.ID]; ok && b.FD >= 0 {
				readers[b.FD] = g
			}
		}
	}
	serving := make(map[int][]int64) // by the descriptor of the end that asks
	for i := range s.Goroutines {
		g := &s.Goroutines[i]
		if len(g.Waits) == 0 {
			continue
		}
		var list []int64
		for _, fd := range sentBy(g, res) {
			if _, known := serving[fd]; !known {
				serving[fd] = nil
				if other, ok := r.peer(fd); ok && readers[other] != nil {
					by := readers[other].CreatedBy.Goroutine
					serving[fd] = slices.Concat([]int64{by}, family[by], family[readers[other].ID])
				}
			}
			list = append(list, serving[fd]...)
		}
		if w := &g.Waits[0]; len(list) > 0 {
			if w.IO == nil {
				w.IO = &snapshot.IO{Unsent: -1, Unread: -1, FD: -1, Deadline: -1}
			}
			w.IO.Handlers = list
		}
	}
}

// sentBy returns the descriptors of connections by which goroutine g may have sent the request that it waits for.
func sentBy(g *snapshot.Goroutine, res *target.Result) (fds []int) {
	if io := g.Waits[0].IO; io != nil {
		return []int{io.FD}
	}
	if g.Reach == nil {
		return nil
	}
	for _, by := range g.Reach.CouldEnd {
		if b, ok := res.Blocked[by.Goroutine]; ok && by.Kind == snapshot.WakerGoroutine && by.Goroutine != g.ID &&
			!slices.Contains(fds, b.FD) {
			fds = append(fds, b.FD)
		}
	}
	return fds
}

// peer returns the descriptor of the other end of a connection, if this program has it.
func (r *ioReader) peer(fd int) (int, bool) {
	if fd < 0 {
		return 0, false
	}
	r.openSockets()
	sock, ok := r.sockets.OfFD(r.pid, fd)
	if !ok {
		return 0, false
	}
	return r.sockets.PeerFD(sock, r.files, r.pid)
}

// An ioReader asks the operating system about a process.
type ioReader struct {
	pid     int
	users   func(fd int) []int64 // see snapshot.Pipe
	sockets *procfs.Sockets      // read for the first file descriptor
	files   *procfs.OpenFiles
	locks   []procfs.FileLock // read for the first goroutine that needs one
	asked   bool
}

func (r *ioReader) read(b target.Blocked) *snapshot.IO {
	io := &snapshot.IO{Unsent: -1, Unread: -1, FD: b.FD, Path: b.Path, Pid: b.Pid, Deadline: b.Deadline, Limit: b.Limit}
	if b.Pid != 0 {
		io.Peer = processName(b.Pid)
		io.Pipe = r.pipe(b.Pid)
	}
	if b.FD < 0 {
		return io
	}
	r.openSockets()
	if sock, ok := r.sockets.OfFD(r.pid, b.FD); ok {
		io.Network, io.Local, io.Remote, io.Unsent, io.Unread = sock.Network, sock.Local, sock.Remote, sock.Unsent,
			sock.Unread
		if other := r.sockets.Peer(sock, r.files); other != 0 {
			io.Peer = processName(other)
		}
		if fd, ok := r.sockets.PeerFD(sock, r.files, r.pid); ok {
			if mine, its := r.users(b.FD), r.users(fd); mine != nil && its != nil {
				io.Across = append(mine, its...)
			}
		}
		return io
	}
	path := procfs.FDPath(r.pid, b.FD)
	switch {
	case strings.HasPrefix(path, "/"):
		if io.Path == "" {
			io.Path = path
		}
	case strings.HasPrefix(path, "pipe:"):
		io.Path = path
	}
	if strings.HasPrefix(path, "pipe:") || procfs.IsFIFO(path) {
		if other := r.files.OtherEnd(r.pid, b.FD); other != 0 {
			if other == r.pid {
				io.Peer = r.itself()
			} else {
				io.Peer, io.Pipe = processName(other), r.pipe(other)
			}
		}
	}
	return io
}

// openSockets reads the sockets, if that was not done yet.
func (r *ioReader) openSockets() {
	if r.sockets == nil {
		r.open()
		r.sockets = procfs.ReadSockets(r.pid)
	}
}

// open returns the open files of all processes, read once.
func (r *ioReader) open() *procfs.OpenFiles {
	if r.files == nil {
		r.files = procfs.ReadOpenFiles()
	}
	return r.files
}

// pipe returns the pipe for which process pid, or one that it has started, waits.
func (r *ioReader) pipe(pid int) *snapshot.Pipe {
	w, ok := r.open().PipeWait(pid, r.pid)
	if !ok {
		return nil
	}
	return &snapshot.Pipe{Process: processName(w.Pid), Write: w.Write, FD: w.FD, Users: r.users(w.FD)}
}

// lockCalls are the functions that lock a file, as the catalog has them.
var lockCalls = map[string]bool{
	"syscall.Flock": true, "syscall.FcntlFlock": true, "golang.org/x/sys/unix.Flock": true,
	"golang.org/x/sys/unix.FcntlFlock": true,
}

// lock returns what is known of the file whose lock goroutine g waits for, in a system call or by polling, or nil.
func (r *ioReader) lock(g *snapshot.Goroutine) *snapshot.IO {
	const lately = 4 // steps of a round: lock, sleep, look at the clock
	asks := false
	for _, s := range g.History[:min(lately, len(g.History))] {
		asks = asks || lockCalls[s.Probe.Callee]
	}
	if !asks {
		return nil
	}
	if !r.asked {
		r.locks, r.asked = procfs.FileLocks(r.pid), true
	}
	var found *procfs.FileLock
	fd, called := procfs.LockCall(r.pid, g.ThreadID)
	for i := range r.locks {
		l := &r.locks[i]
		switch {
		case called && g.State == "syscall":
			if l.FD == fd {
				found = l
			}
		case found != nil && found.Path != l.Path:
			return nil
		default:
			found = l
		}
	}
	if found == nil {
		return nil
	}
	by := processName(found.Pid)
	if found.Pid == r.pid {
		by = r.itself()
	}
	return &snapshot.IO{Unsent: -1, Unread: -1, FD: found.FD, Path: found.Path, LockedBy: by, Deadline: -1}
}

// itself names the program as the one that has the other end of a pipe, or a lock.
func (r *ioReader) itself() string { return fmt.Sprintf("this program itself (pid %d)", r.pid) }

// reaped notes in io, which goroutine g waits for, that the process has exited: then g waits for the end of the output,
// and so for the process that has the pipe open. Package os/exec starts the goroutines that read from the pipes.
func (r *ioReader) reaped(s *snapshot.Snapshot, g *snapshot.Goroutine, res *target.Result, io *snapshot.IO) {
	if _, err := procfs.ReadStat(io.Pid); err == nil { // it runs, or has exited while its parent was stopped
		return
	}
	io.Reaped, io.Peer = true, ""
	for i := range s.Goroutines {
		other := &s.Goroutines[i]
		c := other.CreatedBy
		b, ok := res.Blocked[other.ID]
		if !ok || b.FD < 0 || c == nil || c.Goroutine != g.ID || !strings.HasPrefix(c.Func, "os/exec.") {
			continue
		}
		if pid := r.open().OtherEnd(r.pid, b.FD); pid != 0 && pid != r.pid {
			io.Peer = processName(pid)
		}
	}
}

// processName returns "pid 4711 (name)".
func processName(pid int) string {
	st, err := procfs.ReadStat(pid)
	if err != nil {
		return fmt.Sprintf("pid %d", pid)
	}
	if args := procfs.Args(pid); len(args) > 1 {
		return fmt.Sprintf("pid %d (%s)", pid, commandLine(args))
	}
	return fmt.Sprintf("pid %d (%s)", pid, st.Name)
}

// maxCommand bounds a command line in a report, in bytes.
const maxCommand = 60

// commandLine returns a command with its arguments, without its folder.
func commandLine(args []string) string {
	s := strings.Join(args, " ")
	if cmd, rest, ok := strings.Cut(s, " "); ok {
		s = cmd[strings.LastIndexByte(cmd, '/')+1:] + " " + rest
	}
	if s = strings.ToValidUTF8(s, "?"); len(s) > maxCommand {
		s = strings.ToValidUTF8(s[:maxCommand], "") + "…"
	}
	return s
}
