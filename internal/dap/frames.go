package dap

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/awaittrace/awaittrace/internal/snapshot"
	"github.com/awaittrace/awaittrace/runtime"
)

const (
	// maxInner bounds the frames between where a goroutine is parked and the probe that it waits in.
	maxInner = 32
	// delveFrames is how many frames Delve returns by default.
	delveFrames = 50
)

// A window is the part of a goroutine's stack that a client asks for, where the goroutine waits in a probe.
type window struct {
	start, count int
	probe        *snapshot.Probe
	cut          bool // the stack begins at the probe
}

// askFrames handles the request for the frames of a goroutine. If it waits in a probe, they are needed from the first
// one on, whichever the client wants: editors go to the first frame, which is the runtime's.
//
//	runtime.gopark            subtle: VS Code goes to the first frame that is not. Other editors do not
//	runtime.semacquire1       know that, so a client that was shown a finding does not get these frames
//	sync.(*Mutex).Lock
//	debug.Lock
//	main.transfer             to.mu.Lock()
func askFrames(p *Proxy, m *message) bool {
	var args struct {
		ThreadID           int64
		StartFrame, Levels int
	}
	var all map[string]json.RawMessage
	s := p.program.stopped()
	if s == nil || json.Unmarshal(m.Arguments, &args) != nil || json.Unmarshal(m.Arguments, &all) != nil {
		return true
	}
	probe := p.waitsIn(s, args.ThreadID)
	if probe == nil {
		return true
	}
	w := &window{start: max(args.StartFrame, 0), count: args.Levels, probe: probe, cut: s.atProbe}
	if w.count <= 0 {
		w.count = delveFrames
	}
	all["startFrame"], all["levels"] = json.RawMessage("0"), fmt.Append(nil, w.start+w.count+maxInner)
	if err := m.set("arguments", all); err != nil {
		p.say(err.Error())
		return true
	}
	m.window = w
	return true
}

// waitsIn returns the probe that a goroutine waits in, or nil.
func (p *Proxy) waitsIn(s *stop, goroutine int64) *snapshot.Probe {
	r := p.reportSoon(s, "stacks")
	if r == nil {
		return nil
	}
	i, ok := r.Find(goroutine)
	if !ok || len(r.Snapshot.Goroutines[i].Waits) == 0 {
		return nil
	}
	return r.Snapshot.Goroutines[i].Waits[0].Probe
}

// noteFrames remembers the goroutine of frames, and marks collector frames, and what a probe waits in, so that editors
// skip them as they do the runtime's.
func noteFrames(p *Proxy, request, resp *message) {
	var args struct{ ThreadID int64 }
	var body map[string]json.RawMessage
	var frames []map[string]json.RawMessage
	if !resp.Success || json.Unmarshal(request.Arguments, &args) != nil || json.Unmarshal(resp.Body, &body) != nil ||
		json.Unmarshal(body["stackFrames"], &frames) != nil {
		return
	}
	inner := 0
	if w := request.window; w != nil {
		inner = w.inner(frames)
		frames = w.of(body, frames, inner)
		inner -= w.start
		if w.cut {
			inner = 0
		}
	}
	changed := request.window != nil
	for i, f := range frames {
		var id int
		if json.Unmarshal(f["id"], &id) == nil {
			p.handles.frame(id, args.ThreadID)
		}
		if i < inner || collectorFrame(f) {
			f["presentationHint"] = json.RawMessage(`"subtle"`)
			changed = true
		}
	}
	if !changed {
		return
	}
	var err error
	if body["stackFrames"], err = encode(frames); err == nil {
		err = resp.set("body", body)
	}
	if err != nil {
		p.say(err.Error())
	}
}

// inner returns how many frames precede that of the probe, or 0 if it is not among them. For instantiated functions and
// bodies of range-over-func loops, whose names differ from the source, it compares lines.
func (w *window) inner(frames []map[string]json.RawMessage) int {
	at := slices.IndexFunc(frames, func(f map[string]json.RawMessage) bool {
		var name string
		var line int
		var source struct{ Name string }
		_ = json.Unmarshal(f["name"], &name) // what is missing is equal to nothing
		_ = json.Unmarshal(f["line"], &line)
		_ = json.Unmarshal(f["source"], &source)
		return name == path.Base(w.probe.Func) || line == w.probe.Line && source.Name == path.Base(w.probe.File)
	})
	return max(at, 0)
}

// of returns the frames that the client asked for, of all frames of a goroutine. It corrects their total in body.
func (w *window) of(body map[string]json.RawMessage, frames []map[string]json.RawMessage,
	inner int) []map[string]json.RawMessage {
	if w.cut {
		var total int
		if json.Unmarshal(body["totalFrames"], &total) == nil {
			body["totalFrames"] = fmt.Append(nil, total-inner)
		}
		frames = frames[inner:]
	}
	frames = frames[min(w.start, len(frames)):]
	return frames[:min(w.count, len(frames))]
}

// collectorFrame reports whether a frame is the collector's. Delve gives only the last element of the import path, and
// "debug" may be a user's package.
func collectorFrame(f map[string]json.RawMessage) bool {
	var name string
	var source struct{ Path string }
	if json.Unmarshal(f["name"], &name) != nil || json.Unmarshal(f["source"], &source) != nil {
		return false
	}
	dir := path.Dir(source.Path)
	return snapshot.Collector(name) &&
		(strings.HasSuffix(dir, "/src/"+runtime.Path) || strings.HasSuffix(dir, "/src/"+runtime.Assembly)) ||
		strings.HasPrefix(name, runtime.Folder+".")
}
