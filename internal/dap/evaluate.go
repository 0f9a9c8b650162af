package dap

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/awaittrace/awaittrace/internal/diagnose"
	"github.com/awaittrace/awaittrace/internal/inspect"
	"github.com/awaittrace/awaittrace/internal/report"
)

// A debugger is Delve as the commands of package inspect see it, with a selected frame.
type debugger struct {
	p     *Proxy
	frame int // 0: none
}

// Report diagnoses the program as it stands.
func (d debugger) Report(ctx context.Context, opt diagnose.Options) (*diagnose.Report, error) {
	return d.p.program.Report(ctx, opt)
}

// Selected returns the goroutine that the user looks at.
func (d debugger) Selected() int64 {
	if id, ok := d.p.handles.goroutine(d.frame); ok {
		return id
	}
	if s := d.p.program.stopped(); s != nil {
		return s.thread
	}
	return 0
}

// maxFrames bounds the frames in which an expression is evaluated.
const maxFrames = 32

// Address returns the address of the lock or channel that expr means in the user's frame, or, if that is in the runtime
// or a probe, in the frames above it.
func (d debugger) Address(expr string) (uint64, error) {
	addr, first := d.address(expr, d.frame)
	if first == nil {
		return addr, nil
	}
	for _, frame := range d.p.stack(d.Selected()) {
		if addr, err := d.address(expr, frame); err == nil {
			return addr, nil
		}
	}
	return 0, first
}

// stack returns the frames of a goroutine.
func (p *Proxy) stack(goroutine int64) []int {
	m, err := p.ask("stackTrace", map[string]any{"threadId": goroutine, "levels": maxFrames})
	if err != nil {
		return nil
	}
	var body struct{ StackFrames []struct{ ID int } }
	if json.Unmarshal(m.Body, &body) != nil {
		return nil
	}
	list := make([]int, len(body.StackFrames))
	for i, f := range body.StackFrames {
		list[i] = f.ID
		p.handles.frame(f.ID, goroutine)
	}
	return list
}

// address returns the address of the lock or channel that expr means in a frame. The type in Delve's answer says how to
// get the address.
func (d debugger) address(expr string, frame int) (uint64, error) {
	shown, err := d.value(expr, frame)
	if err != nil {
		return 0, err
	}
	kind := strings.TrimSuffix(strings.TrimPrefix(shown, "("), ")")
	ways := []string{"uintptr(&(%s))"} // a struct, or a type whose name does not say
	switch {
	case strings.HasPrefix(kind, "chan ") || strings.HasPrefix(kind, "<-chan ") || strings.HasPrefix(kind, "chan<- "):
		ways = []string{"*(*uintptr)(uintptr(&(%s)))"}
	case strings.HasPrefix(kind, "*"):
		ways = []string{"uintptr(%s)"}
	}
	for _, way := range ways {
		var text string
		if text, err = d.value(fmt.Sprintf(way, expr), frame); err != nil {
			continue
		}
		number, _, _ := strings.Cut(text, " ") // 824635916288 = 0xc0000c2000
		var addr uint64
		if addr, err = strconv.ParseUint(number, 0, 64); err == nil && addr == 0 {
			err = errors.New("it is nil")
		}
		if err == nil {
			return addr, nil
		}
	}
	return 0, err
}

// value has Delve evaluate an expression.
func (d debugger) value(expr string, frame int) (string, error) {
	args := map[string]any{"expression": expr, "context": "watch"}
	if frame != 0 {
		args["frameId"] = frame
	}
	m, err := d.p.ask("evaluate", args)
	if err != nil {
		return "", err
	}
	var body struct{ Result string }
	err = json.Unmarshal(m.Body, &body)
	return body.Result, err
}

// evaluate handles the request to evaluate an expression. In the debug console `awaittrace …` is one of our commands.
// Helix, which has no console, sends what is typed after :debug-eval without a context.
func evaluate(p *Proxy, m *message) bool {
	var args struct {
		Expression, Context string
		FrameID             int
	}
	if json.Unmarshal(m.Arguments, &args) != nil || args.Context != "repl" && args.Context != "" {
		return true
	}
	word, line, _ := strings.Cut(strings.TrimSpace(args.Expression), " ")
	if word != "awaittrace" {
		if strings.HasPrefix(args.Expression, "dlv target switch") {
			p.program.another()
		}
		return true
	}
	line = strings.TrimSpace(line)
	p.answerLater(func() {
		text, err := p.answer(line, args.FrameID)
		if err != nil {
			p.refuse(m, err.Error(), false)
			return
		}
		p.respond(m, map[string]any{"result": text, "variablesReference": 0})
	})
	return false
}

// errSlow is the error for a look that takes too long.
var errSlow = fmt.Errorf("looking at the program takes longer than %v; ask again", patience)

// answer answers a command that was typed in the debug console.
func (p *Proxy) answer(line string, frame int) (string, error) {
	if line == "" || line == "help" || strings.HasPrefix(line, "help ") {
		return help(strings.TrimSpace(strings.TrimPrefix(line, "help")))
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out bytes.Buffer
	err := inspect.Answer(ctx, &out, debugger{p, frame}, line, inspect.ConsoleOptions{Options: p.opt.Diagnosis})
	if errors.Is(err, context.DeadlineExceeded) {
		err = errSlow
	}
	return strings.TrimSuffix(out.String(), "\n"), err
}

// help lists the commands, or explains one.
func help(name string) (string, error) {
	var b strings.Builder
	for _, c := range inspect.Commands() {
		if c.Name == name {
			return c.Help, nil
		}
		first, _, _ := strings.Cut(c.Help, "\n")
		fmt.Fprintf(&b, "awaittrace %-10s %s\n", c.Name, first)
	}
	if name != "" {
		return "", fmt.Errorf("unknown command %q; awaittrace help lists the commands", name)
	}
	return b.String() + "awaittrace help COMMAND tells more of one", nil
}

// reportRequest handles awaittrace/report: the body of its response is the report.
func reportRequest(p *Proxy, m *message) bool {
	p.answerLater(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		opt := p.opt.Diagnosis
		r, err := p.program.Report(ctx, opt)
		if err != nil {
			p.refuse(m, err.Error(), false)
			return
		}
		p.respond(m, report.NewDocument(r))
	})
	return false
}
