package diagnose

import (
	"fmt"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// unreadPeers finds the writes to a connection whose peer does not read: the buffers on both sides are full.
func unreadPeers(a *analysis) {
	var list []int
	a.unclaimed(Stuck, func(i int) {
		if isWrite(a.wait(i).Probe) {
			list = append(list, i)
		}
	})
	for _, p := range a.places(list) {
		for _, i := range p.list {
			a.claim(i, Stuck)
		}
		i := a.oldest(p.list)
		w := a.wait(i)
		f := Finding{Kind: KindUnreadPeer, Certainty: a.unsure(Likely, p.list), Goroutines: a.ids(p.list), Root: a.g(i).ID}
		f.Title = fmt.Sprintf("%s %s in %s %s: the peer does not read", a.who(p.list), verb(len(p.list), "is"), p.probe.Expr, a.span(p.list))
		f.Why = append(f.Why, a.step(i))
		if o := a.s.Objects[w.Obj]; o != nil && o.IO != nil {
			f.Why = append(f.Why, connection(o.IO)...)
			if o.IO.Unsent > 0 {
				f.Certainty = Certain
			}
		}
		if len(p.list) > 1 {
			f.Why = append(f.Why, a.others("waiting", p.list)...)
		}
		f.Fix = fmt.Sprintf("set a write deadline before %s, and see why the peer has stopped reading", a.place(p.probe))
		a.add(f)
	}
}

// connection says what the operating system knows of a connection.
func connection(io *snapshot.IO) []string {
	var lines []string
	if io.Local != "" || io.Remote != "" {
		s := fmt.Sprintf("the connection is from %s to %s", io.Local, io.Remote)
		if io.Peer != "" {
			s += ", " + io.Peer
		}
		lines = append(lines, s)
	}
	if io.Unsent > 0 {
		lines = append(lines, fmt.Sprintf("the kernel holds %d bytes that the peer has not taken", io.Unsent))
	}
	if io.Unread > 0 {
		lines = append(lines, fmt.Sprintf("%d bytes have arrived that nobody has read", io.Unread))
	}
	return lines
}

// isWrite reports whether p writes to a connection.
func isWrite(p *snapshot.Probe) bool {
	if p.Op != runtime.OpIO || p.Kind != runtime.KindConn {
		return false
	}
	m := method(p.Expr)
	return strings.HasPrefix(m, "Write") || m == "ReadFrom" || m == "Flush"
}

// isOpen reports whether p opens, reads or writes a file by its name, which is over at once unless the file is a pipe with nobody at its other end.
func isOpen(p *snapshot.Probe) bool {
	if p.Op != runtime.OpIO || p.Kind != runtime.KindFile && p.Kind != runtime.KindNone && p.Kind != runtime.KindOther {
		return false
	}
	switch method(p.Expr) {
	case "Open", "OpenFile", "Create", "ReadFile", "WriteFile":
		return strings.HasPrefix(p.Expr, "os.")
	}
	return false
}

// isRead reports whether p waits for what others have to say, which may be nothing for long: through an interface it is not known whether that is a
// connection.
func isRead(p *snapshot.Probe) bool {
	m := method(p.Expr)
	for _, prefix := range []string{"Read", "Scan", "Fscan", "Peek", "Copy", "Discard", "WriteTo", "Decode", "Recv", "Next"} {
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
