package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// ioOf returns what the operating system says of the operation w, or nil.
func (f *facts) ioOf(w *snapshot.Wait) *snapshot.IO {
	if w == nil {
		return nil
	}
	if w.IO != nil {
		return w.IO
	}
	if o := f.s.Objects[w.Obj]; o != nil {
		return o.IO
	}
	return nil
}

// ioFacts returns what the operating system knows of a connection, file or process; io may be nil.
func (f *facts) ioFacts(io *snapshot.IO) []string {
	if io == nil {
		return nil
	}
	lines := ioObject(io)
	if io.Unsent > 0 {
		lines = append(lines, fmt.Sprintf("the kernel holds %s that the peer has not taken", plural(io.Unsent, "byte")))
	}
	if io.Unread > 0 && io.Network != "" {
		lines = append(lines, fmt.Sprintf("%s arrived that nobody has read",
			verb(io.Unread, plural(io.Unread, "byte")+" has")))
	}
	if p := io.Pipe; p != nil {
		lines = append(lines, p.Process+" "+pipeWait(p))
	}
	switch {
	case io.Deadline == 0:
		lines = append(lines, "it has no deadline")
	case io.Deadline > f.s.Taken:
		lines = append(lines, "its deadline is in "+Duration(time.Duration(io.Deadline-f.s.Taken)))
	}
	return lines
}

// ioObject returns what an operation of the operating system is on.
func ioObject(io *snapshot.IO) []string {
	peer := ""
	if io.Peer != "" {
		peer = ", " + io.Peer
	}
	switch {
	case io.Pid != 0 && io.Reaped:
		lines := []string{fmt.Sprintf("process %d has exited, but not all processes that have its output open", io.Pid)}
		if io.Peer != "" {
			lines = append(lines, io.Peer+" holds its output open: without cmd.WaitDelay, Wait waits for that")
		}
		return lines
	case io.LockedBy != "":
		return []string{fmt.Sprintf("it waits for the lock of file %s, which %s has", io.Path, io.LockedBy)}
	case io.Pid != 0 && io.Peer != "":
		return []string{"it waits for the process " + io.Peer}
	case io.Pid != 0:
		return []string{strings.TrimSpace(fmt.Sprintf("it waits for the process %d %s", io.Pid, io.Path))}
	case io.Path != "" && io.Peer != "":
		return []string{fmt.Sprintf("it is on %s, whose other end %s has", io.Path, io.Peer)}
	case io.Path != "":
		return []string{"it is on " + io.Path}
	case io.Network == "unix":
		name := strings.Trim(io.Local+" "+io.Remote, " ")
		if name == "" {
			name = "without a name"
		}
		return []string{"the connection is a unix socket, " + name + peer}
	case io.Local != "" && io.Remote == "":
		return []string{fmt.Sprintf("the %s socket is %s", io.Network, io.Local)}
	case io.Local != "":
		return []string{fmt.Sprintf("the connection is from %s to %s%s", io.Local, io.Remote, peer)}
	}
	return nil
}

// isWrite reports whether p writes to a connection.
func isWrite(p *snapshot.Probe) bool {
	if p.Op != runtime.OpIO || p.Kind != runtime.KindConn {
		return false
	}
	m := method(p.Expr)
	return strings.HasPrefix(m, "Write") || m == "ReadFrom" || m == "Flush"
}

// stalled reports whether goroutine i writes to a stream of a library whose peer takes nothing more, and no deadline
// ends that.
func (f *facts) stalled(i int) bool {
	stack := f.g(i).Stack
	at := slices.IndexFunc(stack, func(fr snapshot.Frame) bool { return !machinery(&fr) })
	if at < 0 || !flowControls[stack[at].Func] || OwnFrame(stack) == nil {
		return false
	}
	if w := f.wait(i); w != nil {
		for k, c := range cases(w) {
			if c.Obj != 0 && w.Probe.Role(k).Clock() {
				return false
			}
		}
	}
	return !f.endedBy(i, func(w snapshot.Waker) bool {
		return w.Kind == snapshot.WakerTimer && pkgPath(w.Name) == "context"
	})
}

// flowControls are the functions in which writes to streams wait until the peer has read enough.
var flowControls = map[string]bool{
	"github.com/hashicorp/yamux.(*Stream).write": true, "github.com/xtaci/smux.(*Stream).writeV2": true,
	"golang.org/x/crypto/ssh.(*window).reserve":                   true,
	"google.golang.org/grpc/internal/transport.(*writeQuota).get": true,
	"golang.org/x/net/http2.(*clientStream).awaitFlowControl":     true,
	"golang.org/x/net/http2.(*serverConn).writeDataFromHandler":   true,
	"net/http.(*http2clientStream).awaitFlowControl":              true,
	"net/http.(*http2serverConn).writeDataFromHandler":            true,
	"net/http/internal/http2.(*clientStream).awaitFlowControl":    true,
	"net/http/internal/http2.(*serverConn).writeDataFromHandler":  true,
}

// isOpen reports whether p opens, reads or writes a file by its name, or locks one. The first three end at once unless
// the file is a pipe with nobody at its other end; a lock does unless another process has it.
func isOpen(p *snapshot.Probe) bool {
	if p.Op != runtime.OpIO || p.Kind != runtime.KindFile && p.Kind != runtime.KindNone && p.Kind != runtime.KindOther {
		return false
	}
	switch method(p.Expr) {
	case "Open", "OpenFile", "Create", "ReadFile", "WriteFile":
		return strings.HasPrefix(p.Expr, "os.")
	case "Flock", "FcntlFlock":
		return true
	}
	return false
}

// isRead reports whether p waits for what others have to say, which may be nothing for long. Through an interface it is
// not known whether that is a connection.
func isRead(p *snapshot.Probe) bool {
	m := method(p.Expr)
	for _, prefix := range []string{"Read", "Scan", "Fscan", "Peek", "Copy", "Discard", "WriteTo", "Decode", "Recv",
		"Next"} {
		if strings.HasPrefix(m, prefix) {
			return true
		}
	}
	return false
}

// method returns the name of the method or function that an expression calls.
func method(expr string) string {
	call := len(expr)
	depth := 0
	for i := len(expr) - 1; i >= 0; i-- { // from the parenthesis at the end to the one that it closes
		switch expr[i] {
		case ')':
			depth++
		case '(':
			if depth--; depth == 0 {
				call = i
			}
		}
		if call < len(expr) {
			break
		}
	}
	if call == len(expr) { // cut off, or a method value
		if i := strings.IndexByte(expr, '('); i >= 0 {
			call = i
		}
	}
	head := expr[:call]
	return head[strings.LastIndexByte(head, '.')+1:]
}

// isLocked reports whether io waits for the lock of a file that another process has.
func isLocked(io *snapshot.IO) bool { return io != nil && io.LockedBy != "" }

// isPipe reports whether io is on a pipe without a name.
func isPipe(io *snapshot.IO) bool { return strings.HasPrefix(io.Path, "pipe:") }

// byItself reports whether who says that the program itself has the other end of a pipe, or the lock of a file.
func byItself(who string) bool { return strings.Contains(who, "itself") }

// pipeWait returns what the process of p waits for.
func pipeWait(p *snapshot.Pipe) string {
	if p.Write {
		return fmt.Sprintf("waits to write to a pipe that is full: this program has its other end, as file "+
			"descriptor %d, and does not read", p.FD)
	}
	return fmt.Sprintf("waits to read from a pipe: this program has its other end, as file descriptor %d, and "+
		"neither writes nor closes it", p.FD)
}

// pipeOf returns the pipe on which the process that goroutine i waits for waits, and the goroutines that could go on
// with it: those that can reach the program's end, except those that wait for that process themselves. It returns nil
// if the process does not wait for this program, or if others could go on with the pipe, too.
func (f *facts) pipeOf(i int) (p *snapshot.Pipe, users []int) {
	io := f.ioOf(f.wait(i))
	if io == nil || io.Pipe == nil || len(io.Pipe.Users) == 0 {
		return nil, nil
	}
	for _, id := range io.Pipe.Users {
		k, ok := f.find(id)
		if !ok {
			return nil, nil
		}
		if other := f.ioOf(f.wait(k)); k != i && (other == nil || other.Pipe == nil || other.Pipe.FD != io.Pipe.FD) {
			users = append(users, k)
		}
	}
	return io.Pipe, users
}

// commandOf returns a goroutine that waits for the end of the process from which goroutine i reads.
func (f *facts) commandOf(i int) (int, bool) {
	p, _ := f.pipeOf(i)
	if p == nil || f.wait(i).Probe.Kind == runtime.KindProcess {
		return 0, false
	}
	for k, w := range f.waits {
		if other, _ := f.pipeOf(k); other != nil && other.FD == p.FD && w.Probe.Kind == runtime.KindProcess {
			return k, true
		}
	}
	return 0, false
}

// across returns the goroutines that could write to or close the other end of the connection from which goroutine i
// reads without a deadline, if the program has that end itself. It returns nil if goroutine i does not read so, or if
// others could end its wait.
func (f *facts) across(i int) (users []int) {
	io := f.ioOf(f.wait(i))
	if io == nil || io.Across == nil || io.Deadline != 0 || io.Unread > 0 || !inRead(f.g(i).Stack) {
		return nil
	}
	for _, id := range io.Across {
		k, ok := f.find(id)
		if !ok {
			return nil
		}
		if k != i && !slices.Contains(users, k) {
			users = append(users, k)
		}
	}
	return users
}

// inRead reports whether a stack is in a read from a connection.
func inRead(stack []snapshot.Frame) bool { return innermost(stack, "internal/poll.(*FD).Read") }

// innermost reports whether one of the innermost functions on a stack is one of fns.
func innermost(stack []snapshot.Frame, fns ...string) bool {
	return slices.ContainsFunc(stack[:min(6, len(stack))],
		func(fr snapshot.Frame) bool { return slices.Contains(fns, fr.Func) })
}
