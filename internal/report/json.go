package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

// JSON writes r to w as JSON by Schema, with what add adds to the document. It encodes one goroutine at a time.
func JSON(w io.Writer, r *diagnose.Report, add ...func(*Document)) error {
	d := withoutGoroutines(r)
	for _, f := range add {
		f(d)
	}
	var text bytes.Buffer
	enc := encoder(&text, "")
	if err := enc.Encode(d); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	n := len(r.Snapshot.Goroutines)
	const list = "\n  \"goroutines\": [" // only the document has a field that far to the left
	before, after, ok := bytes.Cut(text.Bytes(), []byte(list+"]"))
	if n == 0 || !ok {
		out.Write(text.Bytes())
		return out.Flush()
	}
	out.Write(before)
	out.WriteString(list)
	var one bytes.Buffer
	enc = encoder(&one, "    ")
	for i := range n {
		one.Reset()
		if err := enc.Encode(goroutine(r, i)); err != nil {
			return err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n    ")
		out.Write(bytes.TrimSuffix(one.Bytes(), []byte("\n")))
	}
	out.WriteString("\n  ]")
	out.Write(after)
	return out.Flush()
}

// encoder returns an encoder for values behind indent.
func encoder(w io.Writer, indent string) *json.Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false) // <-ch is a frequent expression
	enc.SetIndent(indent, "  ")
	return enc
}

// NewDocument returns r as the types of the schema.
func NewDocument(r *diagnose.Report) *Document {
	d := withoutGoroutines(r)
	d.Goroutines = slices.Grow(d.Goroutines, len(r.Snapshot.Goroutines))
	for i := range r.Snapshot.Goroutines {
		d.Goroutines = append(d.Goroutines, goroutine(r, i))
	}
	return d
}

// withoutGoroutines is NewDocument without the goroutines.
func withoutGoroutines(r *diagnose.Report) *Document {
	s := r.Snapshot
	d := &Document{
		Schema: Schema,
		Process: Process{
			Pid: s.Process.Pid, Exe: s.Process.Exe, Args: s.Process.Args, Go: s.Process.Go,
			Started: s.Process.StartWall, Taken: s.Process.TakenWall, State: s.Process.State,
			Unwatched: s.Process.Unwatched,
			Record:    s.NoProbes == "", Container: s.Process.Container, Untrusted: s.Process.Doubt,
		},
		Complete:   len(s.Dropped) == 0,
		Dropped:    s.Dropped,
		Note:       cmp.Or(s.NoProbes, s.NoStates),
		Counts:     countsDocument(len(s.Goroutines), r.Counts),
		Findings:   make([]Finding, 0, len(r.Findings)),
		Goroutines: []Goroutine{},
	}
	if ns := s.Process.StoppedFor; ns != 0 {
		d.Process.StoppedForNS = &ns
	}
	if at := s.Process.Looked; at != 0 {
		ns := ago(s, at)
		d.Process.LookedNS = &ns
	}
	if s.Memory != nil {
		d.KeptBytes = s.Memory.KeptBytes
	}
	for i := range r.Findings {
		d.Findings = append(d.Findings, finding(&r.Findings[i]))
	}
	return d
}

// GroupBy adds to d, the document of r, its goroutines by the values of a profiler label.
func (d *Document) GroupBy(r *diagnose.Report, label string) {
	d.By = &By{Label: label, Groups: []LabelGroup{}}
	for _, g := range groupBy(r, label) {
		j := LabelGroup{Counts: countsDocument(g.goroutines, g.counts), OldestNS: int64(g.oldest)}
		if g.has {
			j.Value = &g.value
		}
		d.By.Groups = append(d.By.Groups, j)
	}
}

// countsDocument returns the numbers of n goroutines.
func countsDocument(n int, of map[diagnose.Verdict]int) Counts {
	return Counts{
		Goroutines: n,
		Deadlock:   of[diagnose.Deadlock], Orphaned: of[diagnose.Orphaned], Leaked: of[diagnose.Leaked],
		Stuck: of[diagnose.Stuck], Busy: of[diagnose.Busy], Idle: of[diagnose.Idle], OK: of[diagnose.OK],
	}
}

func finding(f *diagnose.Finding) Finding {
	j := Finding{
		Kind: string(f.Kind), Certainty: string(f.Certainty), Goroutines: f.Goroutines, Root: f.Root,
		Title: f.Title, Why: append([]string{}, f.Why...), Fix: f.Fix,
		Proof: string(f.Proof), KeptBytes: f.KeptBytes,
	}
	for _, p := range f.Places {
		j.Places = append(j.Places, probe(p))
	}
	if g := f.Growth; g != nil {
		j.Growth = &Growth{Count: g.Count, PerSecond: g.PerSecond, OldestNS: int64(g.Oldest), NewestNS: int64(g.Newest)}
	}
	if b := f.Rate; b != nil {
		j.Busy = &Busy{PerSecond: b.PerSecond, CPU: b.CPU}
	}
	if u := f.Usual; u != nil {
		j.Usual = &Usual{MedianNS: int64(u.Median), MaxNS: int64(u.Max)}
	}
	return j
}

// wakers returns who could end the wait of g, as far as the program's memory says.
func wakers(g *snapshot.Goroutine) []Waker {
	if g.Reach == nil {
		return nil
	}
	var list []Waker
	for _, w := range g.Reach.CouldEnd {
		j := Waker{File: w.File, Line: w.Line, Path: w.Path}
		name := cmp.Or(w.Name, "unknown")
		switch w.Kind {
		case snapshot.WakerGoroutine:
			j.Goroutine = w.Goroutine
		case snapshot.WakerTimer:
			j.Timer = name
		case snapshot.WakerFinalizer:
			j.Finalizer = name
		case snapshot.WakerCleanup:
			j.Cleanup = name
		case snapshot.WakerGlobal:
			j.Global = name
		}
		list = append(list, j)
	}
	return list
}

func goroutine(r *diagnose.Report, i int) Goroutine {
	s := r.Snapshot
	g := &s.Goroutines[i]
	j := Goroutine{
		ID: g.ID, State: g.State, Reason: g.Reason, Verdict: string(r.Verdicts[i]), Leaked: g.Leaked,
		Thread: g.ThreadID, Labels: g.Labels, CouldEnd: wakers(g),
	}
	if g.Last != nil {
		p := probe(g.Last)
		j.Probe, j.Phase = &p, "passed"
		if len(g.Waits) > 0 && g.Waits[0].Probe == g.Last {
			j.Phase = "waiting"
		}
		j.SinceNS = since(s, g.LastAt)
	}
	if len(g.Waits) > 0 {
		j.WaitsOn = waitsOn(r, &g.Waits[0])
	}
	if g.Blocked != nil {
		j.addBlocked(r, g)
	}
	for _, h := range g.Holds {
		lock := *object(r, h.Obj, h.Probe.Kind)
		j.Holds = append(j.Holds, Hold{Lock: lock, Probe: probe(h.Probe), SinceNS: ago(s, h.Since), Read: h.Read})
	}
	for _, st := range g.History {
		j.History = append(j.History, Step{Probe: probe(st.Probe), AgoNS: ago(s, st.At)})
	}
	if c := g.CreatedBy; c != nil {
		j.CreatedBy = &Created{Goroutine: c.Goroutine, Func: diagnose.FuncName(c.Func), File: c.File, Line: c.Line}
	}
	if g.Test != nil {
		j.Test = g.Test.Name
	}
	for _, f := range g.Stack {
		j.Stack = append(j.Stack, Frame{Func: diagnose.FuncName(f.Func), File: f.File, Line: f.Line})
	}
	return j
}

// ago returns how long before the snapshot t was.
func ago(s *snapshot.Snapshot, t int64) int64 { return max(s.Taken-t, 0) }

// since is ago where t may be zero: then it is unknown, and the result nil.
func since(s *snapshot.Snapshot, t int64) *int64 {
	if t == 0 {
		return nil
	}
	ns := ago(s, t)
	return &ns
}

func probe(p *snapshot.Probe) Probe {
	return Probe{Op: p.Op.String(), Expr: p.Expr, Func: diagnose.FuncName(p.Func), File: p.File, Line: p.Line,
		Col: p.Col}
}

// waitsOn returns the object of w, nil for an operation that has none, such as a sleep.
func waitsOn(r *diagnose.Report, w *snapshot.Wait) *Object {
	switch {
	case w.Probe.Op == runtime.OpSelect:
		o := &Object{Kind: runtime.KindChan.String(), MoreCases: w.More}
		for _, c := range w.Cases {
			j := Case{Object: *object(r, c.Obj, runtime.KindChan), Dir: "recv"}
			if c.Send {
				j.Dir = "send"
			}
			o.Cases = append(o.Cases, j)
		}
		return o
	case w.Obj != 0 || w.Probe.Kind != runtime.KindNone:
		o := object(r, w.Obj, w.Probe.Kind)
		if r.Snapshot.Objects[w.Obj] == nil {
			o.addIO(r.Snapshot, w.IO)
		}
		if o.Cap == nil && w.Cap >= 0 {
			o.Cap = &w.Cap
		}
		return o
	}
	return nil
}

// object returns the object at addr, of the given kind if nothing else is known of it.
func object(r *diagnose.Report, addr uint64, kind runtime.Kind) *Object {
	if addr == 0 {
		return &Object{Kind: kindName(kind)}
	}
	j := &Object{Addr: fmt.Sprintf("%#x", addr)}
	s := r.Snapshot
	if o := s.Objects[addr]; o != nil {
		kind = o.Kind
		j.Expr, j.Len, j.Cap, j.Owed = o.Expr, known(o.Len), known(o.Cap), known(o.Count)
		j.Made, j.LastSend, j.LastRecv, j.Closed = fact(s, o.Made), fact(s, o.Sent), fact(s, o.Received),
			fact(s, o.Closed)
		if kind == runtime.KindMutex || kind == runtime.KindRWMutex {
			j.LastRecv = nil // for a lock it is an unlock by another goroutine
		}
		j.addIO(s, o.IO)
	}
	j.Kind = kindName(kind)
	held, more := r.Holders(addr, maxHolders)
	j.MoreHolders = more
	for _, h := range held {
		j.Holders = append(j.Holders, Holder{
			Goroutine: h.Goroutine, File: h.Probe.File, Line: h.Probe.Line, SinceNS: since(s, h.Since),
			Exited: h.Exited,
		})
	}
	return j
}

// addIO adds what the operating system says of an object.
func (j *Object) addIO(s *snapshot.Snapshot, io *snapshot.IO) {
	if io == nil {
		return
	}
	j.Network, j.Local, j.Remote, j.Peer, j.Path, j.Pid = io.Network, io.Local, io.Remote, io.Peer, io.Path, io.Pid
	j.UnsentBytes, j.UnreadBytes = known(io.Unsent), known(io.Unread)
	switch {
	case io.Deadline == 0:
		j.NoDeadline = true
	case io.Deadline > 0:
		ns := io.Deadline - s.Taken
		j.DeadlineNS = &ns
	}
}

func kindName(k runtime.Kind) string {
	if name := k.String(); name != "" {
		return name
	}
	return runtime.KindOther.String()
}

// known returns n, or nil if it is negative, which means unknown.
func known(n int) *int {
	if n < 0 {
		return nil
	}
	return &n
}

func fact(s *snapshot.Snapshot, f *snapshot.Fact) *Fact {
	if f == nil {
		return nil
	}
	return &Fact{Goroutine: f.Goroutine, File: f.Probe.File, Line: f.Probe.Line, AgoNS: ago(s, f.At), Exited: f.Exited}
}
