package report

import (
	"fmt"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// addBlocked adds what the program's memory says of the wait of g. What its probe says takes precedence.
func (j *Goroutine) addBlocked(r *diagnose.Report, g *snapshot.Goroutine) {
	s, b := r.Snapshot, g.Blocked
	if b.Since != 0 && (g.Last == nil || len(g.Waits) == 0) {
		j.SinceNS = since(s, b.Since)
	}
	switch {
	case len(b.On) == 0:
	case j.WaitsOn == nil && (len(b.On) > 1 || g.Reason == "select"):
		j.WaitsOn = &Object{Kind: runtime.KindChan.String()}
		for i := range b.On {
			c := Case{Object: *target(r, &b.On[i]), Dir: "recv"}
			if b.On[i].Send {
				c.Dir = "send"
			}
			j.WaitsOn.Cases = append(j.WaitsOn.Cases, c)
		}
	case j.WaitsOn == nil:
		j.WaitsOn = target(r, &b.On[0])
	case len(b.On) == 1 && j.WaitsOn.Addr == fmt.Sprintf("%#x", b.On[0].Addr):
		j.WaitsOn.addTarget(&b.On[0])
	case len(b.On) == len(j.WaitsOn.Cases):
		for i := range b.On {
			if c := &j.WaitsOn.Cases[i]; c.Addr == fmt.Sprintf("%#x", b.On[i].Addr) {
				c.addTarget(&b.On[i])
			}
		}
	}
}

// target returns t as an object.
func target(r *diagnose.Report, t *snapshot.Target) *Object {
	j := object(r, t.Addr, t.Kind)
	j.addTarget(t)
	return j
}

// addTarget adds what the memory says of an object.
func (j *Object) addTarget(t *snapshot.Target) {
	j.Type = t.Type
	if j.Expr == "" {
		j.Expr = t.Name
	}
	if t.Kind == runtime.KindChan && t.Addr != 0 {
		if j.Len == nil {
			j.Len = known(t.Len)
		}
		if j.Cap == nil {
			j.Cap = known(t.Cap)
		}
	}
	if len(j.Holders) > 0 {
		return
	}
	for _, n := range t.Near[:min(len(t.Near), maxHolders)] {
		j.Holders = append(j.Holders, Holder{Goroutine: n.Goroutine, File: n.Frame.File, Line: n.Frame.Line,
			Likely: true})
	}
	j.MoreHolders = len(t.Near) - len(j.Holders)
}
