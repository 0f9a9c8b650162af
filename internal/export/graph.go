package export

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/awaittrace/awaittrace/internal/report"
)

// A graph is the wait-for graph of the findings: goroutines, the objects that they wait for or hold, and who did what
// with these.
type graph struct {
	Nodes []node `json:"nodes"`
	Edges []edge `json:"edges"`
}

// A node is a group of goroutines that do the same, or an object.
type node struct {
	ID   string `json:"id"`
	Kind string `json:"kind"` // goroutine, exited or object
	// Of goroutines: their ids, what they do and where.
	Goroutines []int64 `json:"goroutines,omitempty"`
	Verdict    string  `json:"verdict,omitempty"`
	Label      string  `json:"label"`
	Detail     string  `json:"detail,omitempty"`
	// Findings are indexes of the findings that the node is part of.
	Findings []int `json:"findings"`
}

// An edge leads from a goroutine to the object that it depends on, or from an object to a goroutine that has used it.
type edge struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Label string `json:"label"` // waits for, held by, made by, last sent by, last received by, closed by
}

// maxObjects bounds the objects of goroutines that wait at the same place: more of them are one node.
const maxObjects = 6

// buildGraph returns the graph of the findings of doc. Goroutines of one finding that wait at the same place for the
// same object, or each for one of many objects, and hold nothing, are one node.
func buildGraph(doc *report.Document, opt Options) *graph {
	b := &builder{index: newIndex(doc), opt: opt, nodes: map[string]*node{}, of: map[int64]string{},
		edges: map[edge]bool{}, many: map[string]string{}}
	for i := range doc.Findings {
		b.group(i)
	}
	for i := range doc.Findings {
		b.finding(i)
	}
	return b.graph()
}

type builder struct {
	index
	opt   Options
	nodes map[string]*node
	order []string
	of    map[int64]string // the node of a goroutine
	edges map[edge]bool
	list  []edge
	many  map[string]string // the node that stands for the objects of a node of goroutines, where there are too many
}

// group puts the goroutines of finding i into nodes.
func (b *builder) group(i int) {
	f := &b.doc.Findings[i]
	crowds := make(map[site]map[string]bool) // the objects at a place
	for _, id := range f.Goroutines {
		if g := b.at[id]; g != nil && b.grouped(f, g) {
			at := place(g)
			if crowds[at] == nil {
				crowds[at] = make(map[string]bool)
			}
			crowds[at][objectKey(g.WaitsOn)] = true
		}
	}
	for _, id := range f.Goroutines {
		g := b.at[id]
		if g == nil || b.of[id] != "" {
			continue
		}
		key := fmt.Sprintf("g%d", id)
		if b.grouped(f, g) {
			at := place(g)
			key = fmt.Sprintf("f%d %s %s", i, at, objectKey(g.WaitsOn))
			if n := len(crowds[at]); n > maxObjects {
				key = fmt.Sprintf("f%d %s", i, at)
				b.crowd(key, i, g.WaitsOn, n)
			}
		}
		n := b.node(key, "goroutine")
		n.Goroutines = append(n.Goroutines, id)
		n.Verdict, n.Detail = g.Verdict, b.opt.does(g)
		b.of[id] = key
	}
}

// grouped reports whether g, of f, may be in a node with others.
func (b *builder) grouped(f *report.Finding, g *report.Goroutine) bool {
	return len(g.Holds) == 0 && g.ID != f.Root && g.Probe != nil
}

// crowd makes the node that stands for the n objects, one of which is o, of the goroutines of node key.
func (b *builder) crowd(key string, i int, o *report.Object, n int) {
	if b.many[key] != "" {
		return
	}
	b.many[key] = "o " + key
	name := "objects"
	if o != nil && len(o.Cases) == 0 {
		name = objectName(o)
	}
	b.node(b.many[key], "object").Label = fmt.Sprintf("%d times %s", n, name)
	b.member(b.many[key], i)
}

// does says what a goroutine does, and where.
func (opt Options) does(g *report.Goroutine) string {
	what := g.State
	if g.Probe != nil {
		what = g.Probe.Expr
	} else if g.Reason != "" {
		what = g.Reason
	}
	if s := place(g); s.file != "" {
		return what + "\n" + opt.shown(s)
	}
	return what
}

// finding adds what the goroutines of finding i wait for and hold.
func (b *builder) finding(i int) {
	f := &b.doc.Findings[i]
	for _, id := range append([]int64{f.Root}, f.Goroutines...) {
		g := b.at[id]
		if g == nil {
			continue
		}
		from := b.goroutine(id)
		b.member(from, i)
		if all := b.many[from]; all != "" {
			b.edge(from, all, "waits for")
			continue
		}
		b.waits(from, g.WaitsOn, i)
		for _, h := range g.Holds {
			b.edge(b.object(&h.Lock, i), from, "held by")
		}
	}
}

// waits adds that the goroutines of node from wait on o, or on its cases.
func (b *builder) waits(from string, o *report.Object, i int) {
	if o == nil {
		return
	}
	for c := range o.Cases {
		b.waits(from, &o.Cases[c].Object, i)
	}
	if len(o.Cases) > 0 {
		return
	}
	to := b.object(o, i)
	b.edge(from, to, "waits for")
	for _, h := range o.Holders {
		b.edge(to, b.actor(h.Goroutine, h.Exited, i), "held by")
	}
	b.fact(to, o.Made, "made by", i)
	b.fact(to, o.LastSend, "last sent by", i)
	b.fact(to, o.LastRecv, "last received by", i)
	b.fact(to, o.Closed, "closed by", i)
}

func (b *builder) fact(object string, f *report.Fact, label string, i int) {
	if f != nil {
		b.edge(object, b.actor(f.Goroutine, f.Exited, i), label)
	}
}

// actor returns the node of a goroutine that did something, which may have exited since.
func (b *builder) actor(id int64, exited bool, i int) string {
	if exited || b.at[id] == nil {
		key := fmt.Sprintf("x%d", id)
		n := b.node(key, "exited")
		n.Goroutines = []int64{id}
		b.member(key, i)
		return key
	}
	key := b.goroutine(id)
	b.member(key, i)
	return key
}

// goroutine returns the node of goroutine id, which it may have to make: of one that is in no finding.
func (b *builder) goroutine(id int64) string {
	if key := b.of[id]; key != "" {
		return key
	}
	key := fmt.Sprintf("g%d", id)
	n := b.node(key, "goroutine")
	n.Goroutines = []int64{id}
	n.Verdict, n.Detail = b.at[id].Verdict, b.opt.does(b.at[id])
	b.of[id] = key
	return key
}

func objectKey(o *report.Object) string {
	if o == nil {
		return ""
	}
	return cmp.Or(o.Addr, o.Kind+" "+o.Expr+" "+o.Path+" "+o.Remote)
}

// object returns the node of o.
func (b *builder) object(o *report.Object, i int) string {
	key := "o" + objectKey(o)
	n := b.node(key, "object")
	n.Label = objectName(o)
	n.Detail = objectDetail(o)
	b.member(key, i)
	return key
}

// objectName names an object: "mutex s.mu".
func objectName(o *report.Object) string {
	switch {
	case o.Expr != "":
		return o.Kind + " " + o.Expr
	case o.Path != "":
		return o.Kind + " " + o.Path
	case o.Remote != "":
		return o.Kind + " to " + o.Remote
	case o.Addr != "":
		return o.Kind + " " + o.Addr
	}
	return "a nil " + o.Kind
}

func objectDetail(o *report.Object) string {
	switch {
	case o.Len != nil && o.Cap != nil && *o.Cap > 0:
		return fmt.Sprintf("%d of %d elements", *o.Len, *o.Cap)
	case o.UnsentBytes != nil && *o.UnsentBytes > 0:
		return fmt.Sprintf("%d bytes unsent", *o.UnsentBytes)
	case o.Owed != nil:
		return fmt.Sprintf("owed %d", *o.Owed)
	}
	return ""
}

func (b *builder) node(key, kind string) *node {
	n := b.nodes[key]
	if n == nil {
		n = &node{ID: key, Kind: kind}
		b.nodes[key] = n
		b.order = append(b.order, key)
	}
	return n
}

func (b *builder) member(key string, i int) {
	if n := b.nodes[key]; !slices.Contains(n.Findings, i) {
		n.Findings = append(n.Findings, i)
	}
}

func (b *builder) edge(from, to, label string) {
	if e := (edge{from, to, label}); !b.edges[e] {
		b.edges[e] = true
		b.list = append(b.list, e)
	}
}

// graph returns what was built, with short ids.
func (b *builder) graph() *graph {
	g := &graph{Nodes: []node{}, Edges: []edge{}}
	short := map[string]string{}
	for i, key := range b.order {
		n := b.nodes[key]
		short[key] = fmt.Sprintf("n%d", i)
		n.ID = short[key]
		switch {
		case n.Kind == "exited":
			n.Label = fmt.Sprintf("goroutine %d, exited", n.Goroutines[0])
		case n.Kind == "goroutine" && len(n.Goroutines) == 1:
			n.Label = fmt.Sprintf("goroutine %d", n.Goroutines[0])
		case n.Kind == "goroutine":
			n.Label = fmt.Sprintf("%d goroutines", len(n.Goroutines))
		}
		g.Nodes = append(g.Nodes, *n)
	}
	for _, e := range b.list {
		g.Edges = append(g.Edges, edge{short[e.From], short[e.To], e.Label})
	}
	return g
}
