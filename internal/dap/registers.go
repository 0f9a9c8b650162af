package dap

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/awaittrace/awaittrace/internal/procfs"
)

// registers returns a function that asks Delve for the general registers of a thread of the program that it holds. The
// protocol knows only goroutines, so a thread that runs none has no registers.
func (p *Proxy) registers() func(tid int) []uint64 {
	var mu sync.Mutex
	var at *stop
	var on map[int]int
	return func(tid int) []uint64 {
		mu.Lock()
		defer mu.Unlock()
		if s := p.program.stopped(); on == nil || s != at {
			at, on = s, p.onThreads()
		}
		g, ok := on[tid]
		if !ok {
			return nil
		}
		return p.registersOf(g)
	}
}

// onThread is the end of how Delve names a goroutine that has a thread: "* [Go 5] main.work (Thread 4711)".
var onThread = regexp.MustCompile(`\(Thread (\d+)\)$`)

// onThreads returns the goroutines that have a thread, by its ID.
func (p *Proxy) onThreads() map[int]int {
	on := make(map[int]int)
	m, err := p.ask("threads", nil)
	if err != nil {
		return on
	}
	var body struct {
		Threads []struct {
			ID   int
			Name string
		}
	}
	if json.Unmarshal(m.Body, &body) != nil {
		return on
	}
	for _, t := range body.Threads {
		if name := onThread.FindStringSubmatch(t.Name); name != nil {
			tid, _ := strconv.Atoi(name[1])
			on[tid] = t.ID
		}
	}
	return on
}

// registersOf returns the registers in the innermost frame of a goroutine that has a thread, which are the thread's.
func (p *Proxy) registersOf(goroutine int) []uint64 {
	m, err := p.ask("stackTrace", map[string]any{"threadId": goroutine, "levels": 1})
	if err != nil {
		return nil
	}
	var body struct{ StackFrames []struct{ ID int } }
	if json.Unmarshal(m.Body, &body) != nil || len(body.StackFrames) == 0 {
		return nil
	}
	var regs []uint64
	for _, name := range procfs.RegisterNames() {
		m, err := p.ask("evaluate", map[string]any{"expression": "_" + strings.ToUpper(name),
			"frameId": body.StackFrames[0].ID, "context": "watch"})
		if err != nil {
			return nil
		}
		var value struct{ Result string }
		if json.Unmarshal(m.Body, &value) != nil {
			return nil
		}
		decimal, _, _ := strings.Cut(value.Result, " ") // 16 = 0x10
		v, err := strconv.ParseUint(decimal, 10, 64)
		if err != nil {
			return nil
		}
		regs = append(regs, v)
	}
	return regs
}
