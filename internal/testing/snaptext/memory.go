package snaptext

import (
	"strconv"
	"strings"
	"time"

	"github.com/awaittrace/awaittrace/internal/snapshot"
)

// This file has the lines about what a program's memory says.

func (p *printer) memory(m *snapshot.Memory) {
	if m == nil {
		return
	}
	words := []string{"memory"}
	if m.KeptBytes != 0 {
		words = append(words, "kept="+strconv.FormatUint(m.KeptBytes, 10))
	}
	if m.NoProof != "" {
		words = append(words, "noproof="+m.NoProof)
	}
	if m.PausedNs != 0 {
		words = append(words, "paused="+span(m.PausedNs))
	}
	p.line(words...)
}

// ofMemory writes what the memory says of g.
func (p *printer) ofMemory(g *snapshot.Goroutine) {
	if b := g.Blocked; b != nil {
		words := []string{"  blocked"}
		if b.Since != 0 {
			words = append(words, span(b.Since))
		}
		p.line(append(words, flag(b.NoneCanWake, "never")...)...)
		for _, t := range b.On {
			p.target(t)
		}
	}
	if r := g.Reach; r != nil {
		words := []string{"  reach", string(r.Answer)}
		if r.Reason != "" {
			words = append(words, r.Reason)
		}
		if r.More > 0 {
			words = append(words, "more="+strconv.Itoa(r.More))
		}
		p.line(append(words, flag(r.Cut, "cut")...)...)
		for _, w := range r.CouldEnd {
			p.waker(w)
		}
	}
	if p.s.Memory != nil && p.s.Memory.Kept != nil {
		if n := p.s.Memory.Kept([]int64{g.ID}); n != 0 {
			p.line("  keeps", strconv.FormatUint(n, 10))
		}
	}
}

func (p *printer) target(t snapshot.Target) {
	kind := t.Kind.String()
	dir := "-"
	switch {
	case t.Send:
		dir = "send"
	case kind == "chan":
		dir = "recv"
	}
	if kind == "" {
		kind = "-"
	}
	words := []string{"    on", dir, kind, addr(t.Addr)}
	words = append(words, number("len=", t.Len)...)
	words = append(words, number("cap=", t.Cap)...)
	if t.Type != "" {
		words = append(words, "type="+t.Type)
	}
	if t.Name != "" {
		words = append(words, "name="+t.Name)
	}
	p.line(words...)
	for _, n := range t.Near {
		p.line("    near", id(n.Goroutine), n.Frame.Func, place(n.Frame.File, n.Frame.Line, 0))
	}
}

func (p *printer) waker(w snapshot.Waker) {
	words := []string{"    waker", string(w.Kind)}
	if w.Kind == snapshot.WakerGoroutine {
		words = append(words, id(w.Goroutine))
	}
	at := "-"
	if w.File != "" {
		at = place(w.File, w.Line, 0)
	}
	name := w.Name
	if name == "" {
		name = "-"
	}
	p.line(append(append(words, at, name), w.Path...)...)
}

// readMemory reads the line of the memory as a whole.
func (p *parser) readMemory() {
	kept := p.keeps
	m := &snapshot.Memory{Kept: func(ids []int64) uint64 {
		sum := uint64(0)
		for _, id := range ids {
			sum += kept[id]
		}
		return sum
	}}
	for _, w := range p.rest() {
		switch k, v, _ := strings.Cut(w, "="); k {
		case "kept":
			m.KeptBytes = uint64(p.atoi(v))
		case "noproof":
			m.NoProof, m.Kept = v, nil
		case "paused":
			d, err := time.ParseDuration(v)
			if m.PausedNs = int64(d); err != nil {
				p.fail("memory: paused %q is no time", v)
			}
		default:
			p.fail("memory: %q is not known", w)
		}
	}
	p.snap.Memory = m
}

// ofBlocked reads the lines of a goroutine about what the memory says of it.
func (p *parser) ofBlocked(word string, g *snapshot.Goroutine) bool {
	switch word {
	case "blocked":
		g.Blocked = &snapshot.Blocked{}
		if len(p.words) > 0 && p.words[0] != "never" {
			g.Blocked.Since = p.time()
		}
		g.Blocked.NoneCanWake = p.flag("never")
	case "on":
		if g.Blocked == nil {
			return false
		}
		g.Blocked.On = append(g.Blocked.On, p.target())
	case "near":
		if g.Blocked == nil || len(g.Blocked.On) == 0 {
			return false
		}
		n := snapshot.Near{Goroutine: int64(p.int()), Frame: snapshot.Frame{Func: p.next()}}
		n.Frame.File, n.Frame.Line, _ = p.position(p.next())
		t := &g.Blocked.On[len(g.Blocked.On)-1]
		t.Near = append(t.Near, n)
	case "reach":
		g.Reach = &snapshot.Reach{Answer: snapshot.Answer(p.next())}
		for _, w := range p.rest() {
			switch n, more := strings.CutPrefix(w, "more="); {
			case more:
				g.Reach.More = p.atoi(n)
			case w == "cut":
				g.Reach.Cut = true
			default:
				g.Reach.Reason = w
			}
		}
	case "waker":
		if g.Reach == nil {
			return false
		}
		g.Reach.CouldEnd = append(g.Reach.CouldEnd, p.waker())
	case "keeps":
		p.keeps[g.ID] = uint64(p.int())
	case "born":
		g.Born = p.time()
	default:
		return false
	}
	return true
}

func (p *parser) target() snapshot.Target {
	t := snapshot.Target{Send: p.next() == "send", Len: -1, Cap: -1}
	if kind := p.next(); kind != "-" {
		t.Kind = p.kind(kind)
	}
	t.Addr = p.addr()
	for _, w := range p.rest() {
		switch k, v, _ := strings.Cut(w, "="); k {
		case "len":
			t.Len = p.atoi(v)
		case "cap":
			t.Cap = p.atoi(v)
		case "type":
			t.Type = v
		case "name":
			t.Name = v
		default:
			p.fail("on: %q is not known", w)
		}
	}
	return t
}

func (p *parser) waker() snapshot.Waker {
	w := snapshot.Waker{Kind: snapshot.WakerKind(p.next())}
	if w.Kind == snapshot.WakerGoroutine {
		w.Goroutine = int64(p.int())
	}
	if at := p.next(); at != "-" {
		w.File, w.Line, _ = p.position(at)
	}
	if w.Name = p.next(); w.Name == "-" {
		w.Name = ""
	}
	w.Path = p.rest()
	if len(w.Path) == 0 {
		w.Path = nil
	}
	return w
}
