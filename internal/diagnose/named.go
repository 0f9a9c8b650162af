package diagnose

import (
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// A channel that has not been used yet is most often a field of one of many like objects. A goroutine that used the
// others of that name will use this one: the loop that closes t.complete of one token closes that of the next.

// A fieldUse is a way in which a package uses a channel that is a field.
type fieldUse struct {
	pkg, name string // such as "r.applyCh"
	receive   bool
}

// namesakes returns the goroutines that can reach the channel at obj, by the program's memory, and that did to others
// of its name what goroutine i waits for.
func (f *facts) namesakes(i int, obj uint64, send bool) []int {
	able := f.wakers(i)
	if f.s.Objects[obj] == nil || len(able) == 0 {
		return nil
	}
	users := f.namedUsers(i, obj, send)
	if slices.ContainsFunc(able, func(j int) bool { return users[j] == nil && f.getsThere(j) }) {
		return nil
	}
	return slices.DeleteFunc(able, func(j int) bool { return users[j] == nil || f.likewise(i, j) })
}

// getsThere reports whether goroutine i goes on by itself, because it computes or sleeps, so that it is unknown what it
// will do.
func (f *facts) getsThere(i int) bool {
	w := f.wait(i)
	return w == nil || w.Probe.Op == runtime.OpSleep
}

// namedUsers returns the goroutines that have used fields of the name of the channel at obj in the way that goroutine i
// waits for, and where.
func (f *facts) namedUsers(i int, obj uint64, send bool) map[int]*snapshot.Probe {
	if f.named == nil {
		f.findNamed()
	}
	return f.named[fieldUse{pkgPath(f.wait(i).Probe.Func), f.s.Objects[obj].Expr, send}]
}

// findNamed collects the users of channels that are fields, by the names that the source gives them.
func (f *facts) findNamed() {
	f.named = make(map[fieldUse]map[int]*snapshot.Probe)
	for i := range f.s.Goroutines {
		for _, s := range f.g(i).History {
			f.addNamed(i, s.Probe)
		}
	}
	for _, o := range f.s.Objects {
		for _, p := range []*snapshot.Fact{o.Sent, o.Received, o.Closed} {
			if i, ok := f.other(-1, p); ok && p.Probe != nil {
				f.addNamed(i, p.Probe)
			}
		}
	}
}

// addNamed notes that goroutine i has been at p.
func (f *facts) addNamed(i int, p *snapshot.Probe) {
	for k, name := range strings.Split(p.Obj, "\n") {
		u := fieldUse{pkg: pkgPath(p.Func), name: name}
		switch p.Op {
		case runtime.OpSend, runtime.OpClose:
		case runtime.OpRecv, runtime.OpRange:
			u.receive = true
		case runtime.OpSelect:
			u.receive = !sendsCase(p, k)
		default:
			return
		}
		if !strings.Contains(name, ".") {
			continue
		}
		if f.named[u] == nil {
			f.named[u] = make(map[int]*snapshot.Probe)
		}
		if was := f.named[u][i]; was == nil || was.Line > p.Line { // the same in every run
			f.named[u][i] = p
		}
	}
}

// sendsCase reports whether case k of a select sends, by the select's text, which may be cut off.
func sendsCase(p *snapshot.Probe, k int) bool {
	cases := strings.Split(p.Expr, "case ")
	if k+1 >= len(cases) {
		return false
	}
	text := cases[k+1]
	arrow := strings.Index(text, "<-")
	return arrow > 0 && text[arrow-1] == ' ' && !strings.Contains(text[:arrow], "=")
}
