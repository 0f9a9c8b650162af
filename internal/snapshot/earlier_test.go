package snapshot

import (
	"testing"
	"unsafe"
)

// TestEarlier checks what an Earlier tells of a goroutine, and how much memory it takes.
func TestEarlier(t *testing.T) {
	on := func(addrs ...uint64) *Blocked {
		b := new(Blocked)
		for _, a := range addrs {
			b.On = append(b.On, Target{Addr: a})
		}
		return b
	}
	was := Goroutine{ID: 7, State: "waiting", Reason: "chan receive", Steps: 3, Blocked: on(0xa0)}
	blind := was
	blind.ID, blind.Blocked = 8, nil
	e := (&Snapshot{Goroutines: []Goroutine{was, blind}}).Earlier()
	for name, c := range map[string]struct {
		change func(g *Goroutine)
		want   bool
	}{
		"same":         {func(g *Goroutine) {}, true},
		"not read":     {func(g *Goroutine) { g.Blocked = nil }, true},
		"no target":    {func(g *Goroutine) { g.Blocked = on() }, true},
		"first unread": {func(g *Goroutine) { g.ID, g.Blocked = 8, on(0xb0) }, true},
		"new":          {func(g *Goroutine) { g.ID = 9 }, false},
		"moved":        {func(g *Goroutine) { g.Steps++ }, false},
		"other state":  {func(g *Goroutine) { g.State = "running" }, false},
		"other reason": {func(g *Goroutine) { g.Reason = "select" }, false},
		"other target": {func(g *Goroutine) { g.Blocked = on(0xb0) }, false},
		"more targets": {func(g *Goroutine) { g.Blocked = on(0xa0, 0xb0) }, false},
	} {
		g := was
		if c.change(&g); e.SameWait(&g) != c.want {
			t.Errorf("%s: SameWait returns %v", name, !c.want)
		}
	}
	if n := unsafe.Sizeof(Was{}); n > 32 {
		t.Errorf("a goroutine of an earlier look takes %d bytes", n)
	}
}
