package dlvext

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-delve/delve/service/api"
	"github.com/go-delve/delve/service/rpc2"

	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/record"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/internal/target"
)

// A remote is a program that only a Delve server can read.
type remote struct{ client *rpc2.RPCClient }

// everywhere is the scope of package variables.
var everywhere = api.EvalScope{GoroutineID: -1}

// openRemote opens a session with a program that only its server can read.
func openRemote(client *rpc2.RPCClient, pid int) *inspect.Session {
	r := remote{client}
	p := snapshot.Process{Pid: pid, Go: goVersion(client.GetVersion().TargetGoVersion), State: "stopped"}
	if list, err := client.ListTargets(); err == nil {
		for _, t := range list {
			if t.Pid == pid {
				p.Exe = t.CmdLine
			}
		}
	}
	return inspect.Remote(r, p, r.record)
}

// goVersion returns the version in a DWARF producer, such as "Go cmd/compile go1.26.8; regabi".
func goVersion(producer string) string {
	version, _, _ := strings.Cut(strings.TrimPrefix(producer, "Go cmd/compile "), ";")
	return version
}

// record opens the record in the program's memory.
func (r remote) record() (*record.Record, error) {
	var addr uint64
	probes := false
	for _, name := range target.HeaderVariables() {
		v, err := r.client.EvalVariable(everywhere, name, api.LoadConfig{})
		if err == nil && len(v.Children) == 1 {
			addr, probes = v.Children[0].Addr, true
			break
		}
	}
	if err := inspect.Unmade(addr, probes); err != nil {
		return nil, err
	}
	return record.OpenMemory(memory(r), addr)
}

// Close does nothing: the connection is the terminal's.
func (r remote) Close() {}

// A memory reads a program's memory through its server.
type memory struct{ client *rpc2.RPCClient }

// ReadAt reads the memory at address addr.
func (m memory) ReadAt(b []byte, addr int64) (n int, err error) {
	for n < len(b) {
		part := b[n:min(n+rpc2.ExamineMemoryLengthLimit, len(b))]
		got, _, err := m.client.ExamineMemory(uint64(addr)+uint64(n), len(part))
		if err != nil {
			return n, err
		}
		if len(got) == 0 {
			return n, io.ErrUnexpectedEOF
		}
		n += copy(part, got)
	}
	return n, nil
}

const (
	page         = 1000    // goroutines in one request
	maxRemote    = 100_000 // goroutines in all
	remoteStacks = 100     // stacks: each is an exchange of some milliseconds
)

// Read reads the program through its server.
func (r remote) Read(ctx context.Context, o target.Options) (*target.Result, error) {
	reasons := r.reasons()
	res := &target.Result{}
	deadline := time.Now().Add(cmp.Or(o.Timeout, 5*time.Second))
	for start := 0; start >= 0 && len(res.Goroutines) < maxRemote; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		list, next, err := r.client.ListGoroutines(start, page)
		if err != nil {
			return nil, err
		}
		for _, g := range list {
			switch {
			case g.Unreadable != "":
				res.Unreadable++
			case !target.System(g.StartLoc.Function.Name(), reasons.of(g)):
				res.Goroutines = append(res.Goroutines, reasons.goroutine(g))
			}
		}
		if next <= start {
			break
		}
		start = next
	}
	slices.SortFunc(res.Goroutines, func(a, b snapshot.Goroutine) int { return cmp.Compare(a.ID, b.ID) })
	if o.Standing != nil {
		o.Standing()
	}
	if o.Copied != nil {
		o.Copied()
	}
	if o.Select != nil {
		r.stacks(res, o.Select(snapshot.Each(res.Goroutines)).Stacks, cmp.Or(o.Depth, 64), deadline)
	}
	o.Finish(res)
	return res, nil
}

// stacks reads the stacks of the goroutines ids.
func (r remote) stacks(res *target.Result, ids []int64, depth int, deadline time.Time) {
	read := make(map[int64]bool)
	for _, id := range ids {
		i, ok := slices.BinarySearchFunc(res.Goroutines, id,
			func(g snapshot.Goroutine, id int64) int { return cmp.Compare(g.ID, id) })
		if !ok || read[id] {
			continue
		}
		if len(read) == remoteStacks || time.Now().After(deadline) {
			res.StacksLeft++
			continue
		}
		read[id] = true
		frames, err := r.client.Stacktrace(id, depth, 0, 0, nil)
		if err != nil {
			res.StacksLeft++
			continue
		}
		g := &res.Goroutines[i]
		g.Stack = nil // the list had one frame
		for _, f := range frames {
			if frame := (snapshot.Frame{Func: f.Function.Name(), File: f.File, Line: f.Line}); f.Function != nil &&
				!target.Bottom(frame) {
				g.Stack = append(g.Stack, frame)
			}
		}
		if g.CreatedBy != nil {
			g.CreatedBy.Goroutine = r.parent(id)
		}
	}
}

// parent returns the goroutine that started goroutine id, or 0 if unknown. A list of goroutines does not have it.
func (r remote) parent(id int64) int64 {
	v, err := r.client.EvalVariable(api.EvalScope{GoroutineID: id}, "runtime.curg.parentGoid", api.LoadConfig{})
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(v.Value, 10, 64)
	return n
}

// reasons are the names of the runtime's wait reasons.
type reasons []string

// reasons reads the runtime's own table.
func (r remote) reasons() reasons {
	v, err := r.client.EvalVariable(everywhere, "runtime.waitReasonStrings",
		api.LoadConfig{MaxArrayValues: 256, MaxStringLen: 100})
	if err != nil {
		return nil
	}
	list := make(reasons, len(v.Children))
	for i := range v.Children {
		list[i] = v.Children[i].Value
	}
	return list
}

// of returns the wait reason of g.
func (r reasons) of(g *api.Goroutine) string {
	if target.State(g.Status) != "waiting" || g.WaitReason < 0 || g.WaitReason >= int64(len(r)) {
		return ""
	}
	return r[g.WaitReason]
}

// goroutine converts a goroutine of the protocol.
func (r reasons) goroutine(g *api.Goroutine) snapshot.Goroutine {
	s := snapshot.Goroutine{ID: g.ID, State: target.State(g.Status), Reason: r.of(g), ThreadID: g.ThreadID}
	if l := g.GoStatementLoc; l.Function != nil && g.ID != 1 {
		s.CreatedBy = &snapshot.Created{Func: l.Function.Name(), File: l.File, Line: l.Line}
	}
	if l := g.UserCurrentLoc; l.Function != nil {
		s.Stack = []snapshot.Frame{{Func: l.Function.Name(), File: l.File, Line: l.Line}}
	}
	return s
}
