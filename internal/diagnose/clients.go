package diagnose

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A connection of an HTTP client has two goroutines of net/http, which have no probes. They stay until a response is
// closed or read to its end, and for as long as the connection is kept for the next request.

const (
	// readLoop is the function that reads the responses of a connection. It waits in a select until the caller is done
	// with a response.
	readLoop = "net/http.(*persistConn).readLoop"
	dialConn = "net/http.(*Transport).dialConn" // starts readLoop and writeLoop
)

// The least number of connections that is reported: with responses that nobody has finished, and with a transport each.
const (
	leastUnread     = 5
	leastTransports = 10
)

// A clientConns describes connections of HTTP clients that stay.
type clientConns struct {
	n       int
	perCall bool // each has its own transport, and their number grows
}

// clients makes the causes of connections of HTTP clients that stay.
func (d *finder) clients() {
	unread, idle := d.clientLoops()
	// A goroutine that has called lately, or reads, may be using a response.
	users := 0
	for i := range d.graph.n {
		if slices.ContainsFunc(d.g(i).History, func(s snapshot.Step) bool {
			return s.Probe.Op == runtime.OpIO && (httpCall(s.Probe) || isRead(s.Probe))
		}) {
			users++
		}
	}
	if len(unread)-users >= leastUnread {
		d.addClients(&cause{kind: KindLeak, certainty: Likely, roots: unread, clients: &clientConns{n: len(unread)}})
	}
	owners, read := make(map[uint64]bool), 0
	for _, i := range idle {
		if g := d.g(i); g.Owner != 0 {
			owners[g.Owner], read = true, read+1
		}
	}
	later := d.s.Later
	if len(owners) < leastTransports || len(owners)*2 < read || later == nil || later.Taken <= d.s.Taken {
		return
	}
	left, more := 0, 0
	for i := range later.Goroutines {
		g := &later.Goroutines[i]
		if j, ok := d.find(g.ID); ok && slices.Contains(idle, j) {
			left++
		} else if c := g.CreatedBy; !ok && c != nil && c.Func == dialConn && c.Line == d.g(idle[0]).CreatedBy.Line {
			more++
		}
	}
	if more == 0 || left*10 < len(idle)*9 {
		return
	}
	span := time.Duration(later.Taken - d.s.Taken)
	d.addClients(&cause{
		kind: KindGrowth, certainty: Likely, roots: idle, clients: &clientConns{n: len(idle), perCall: true},
		growth: &Growth{Count: 2 * len(idle), PerSecond: 2 * float64(more) / span.Seconds()},
	})
}

// addClients makes a cause of c. Its roots are the goroutines that read from connections; it adds those that write to
// them.
func (d *finder) addClients(c *cause) {
	dials := make(map[int64]bool)
	line := d.g(c.roots[0]).CreatedBy.Line
	for _, i := range c.roots {
		dials[d.g(i).CreatedBy.Goroutine] = true
	}
	for i := range d.s.Goroutines {
		if cr := d.g(i).CreatedBy; cr != nil && cr.Func == dialConn && cr.Line != line && dials[cr.Goroutine] {
			c.roots = append(c.roots, i)
		}
	}
	d.claim(verdictOf(c.kind), c.roots...)
	d.addCause(c)
}

// clientLoops returns the goroutines that read from connections of HTTP clients: those with an unfinished response, and
// those without a response. Only a few of their stacks are read; the others are recognised by where they were started.
func (d *finder) clientLoops() (unread, idle []int) {
	line := 0
	for i := range d.s.Goroutines {
		g := d.g(i)
		if g.CreatedBy != nil && onStack(g.Stack, readLoop) {
			line = g.CreatedBy.Line
		}
	}
	for i := range d.s.Goroutines {
		g := d.g(i)
		if c := g.CreatedBy; c == nil || line == 0 || c.Func != dialConn || c.Line != line {
			continue
		}
		if strings.HasPrefix(g.Reason, "select") {
			unread = append(unread, i)
		} else if g.Reason == "IO wait" {
			idle = append(idle, i)
		}
	}
	return unread, idle
}

// answered reports whether a call of an HTTP client has returned lately. If so, connections come back, and a goroutine
// that waits for one gets it.
func (d *finder) answered() bool {
	for i := range d.s.Goroutines {
		h := d.g(i).History // newest first: what follows a call begins after it has returned
		for j := 1; j < len(h); j++ {
			if httpCall(h[j].Probe) && d.s.Taken-h[j-1].At < int64(d.opt.After) {
				return true
			}
		}
	}
	return false
}

// dials reports whether an HTTP client of the program is making a connection.
func (d *finder) dials() bool {
	return slices.ContainsFunc(d.s.Goroutines, func(g snapshot.Goroutine) bool { return onStack(g.Stack, dialConn) })
}

// clients describes connections of HTTP clients that stay.
func (t *writer) clients(f *Finding, c *cause) {
	if c.clients.perCall {
		f.Title = fmt.Sprintf("%d goroutines of %s of HTTP clients, %s more a second: each has an http.Transport of "+
			"its own, which keeps it for a next request",
			len(c.roots), plural(c.clients.n, "connection"), perSecond(c.growth.PerSecond))
		f.Why = t.responses()
		f.Fix = "make one http.Client, or one http.Transport, and use it for all requests; or call " +
			"CloseIdleConnections when it is no longer needed"
		return
	}
	f.Title = fmt.Sprintf("%d goroutines of %s of HTTP clients, each of which has a response whose body was neither "+
		"closed nor read to its end", len(c.roots), plural(c.clients.n, "connection"))
	f.Why = t.responses()
	f.Fix = closeBody
}

// closeBody is the fix for responses that are not closed.
const closeBody = "close the body of every response, also where its status is an error: defer resp.Body.Close() " +
	"right after the check of err"

// responses returns where the program has called net/http as a client.
func (t *writer) responses() []string {
	const room = 3
	var lines []string
	for _, p := range t.s.Calls {
		if httpCall(p) {
			lines = append(lines, fmt.Sprintf("its requests are made by %s at %s%s", p.Expr, t.place(p), in(p.Func)))
		}
	}
	if n := len(lines) - room; n > 0 {
		lines = append(lines[:room], fmt.Sprintf("and in %s more", plural(n, "place")))
	}
	return lines
}

// bodyReader returns the net/http goroutine that reads the body of goroutine i's request from a pipe in memory.
func (f *facts) bodyReader(i int) (int, bool) {
	w := f.wait(i)
	if w == nil || !httpCall(w.Probe) {
		return 0, false
	}
	return f.bringer(i, func(k int) bool { return onStack(f.g(k).Stack, "io.(*pipe).read") })
}

// httpCall reports whether p is a call of an HTTP client.
func httpCall(p *snapshot.Probe) bool {
	switch p.Callee {
	case "net/http.Client.Do", "net/http.Client.Get", "net/http.Client.Head", "net/http.Client.Post",
		"net/http.Client.PostForm",
		"net/http.Get", "net/http.Head", "net/http.Post", "net/http.PostForm", "net/http.Transport.RoundTrip",
		"net/http.RoundTripper.RoundTrip":
		return true
	}
	return false
}
