package runtime

import (
	"runtime"
	"sync/atomic"
)

// Starts is the probe of a go statement of a library. The goroutine that it starts has none of the user's functions on
// its stack, so the record keeps the caller of the library: at the 1st, 2nd, 4th, 8th … goroutine that s starts.
//
//go:norace
func Starts(s *Site) {
	if off {
		return
	}
	raceDisable()
	if n := atomic.AddUint32(&s.starts, 1); n&(n-1) == 0 && start() != stateOff {
		mu.Lock()
		register(s)
		s.called()
		mu.Unlock()
	}
	raceEnable()
}

// called notes the callers of the library whose go statement is at s. mu is held.
//
//go:norace
func (s *Site) called() {
	if s.id >= hdr.SiteCap {
		return
	}
	const room = 512 // bytes
	text := callers(room, func(file string) bool { return !ofLibrary(file) })
	e := siteAt(s.id)
	if text == textAt(e.Callee, e.CalleeLen) {
		return
	}
	off, n := str(text)
	e.CalleeLen = 0 // a reader may look at any time, and must find whole lines only
	e.Callee = off
	e.CalleeLen = n
}

// ofLibrary reports whether a file is in the module cache, or vendored.
func ofLibrary(file string) bool {
	const vendor = "/vendor/"
	for i := range file {
		if file[i] == '@' || len(file)-i >= len(vendor) && file[i:i+len(vendor)] == vendor {
			return true
		}
	}
	return false
}

// callers returns the functions that led to the probe, innermost first and as many as fit into room bytes, without
// those in unwanted files. Each is a line as the record has it: the function, a zero byte, and its file:line.
func callers(room int, wanted func(file string) bool) string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs[:])])
	ours := ""
	var text []byte
	for {
		f, more := frames.Next()
		if ours == "" {
			ours = packageOf(f.Function)
		}
		if packageOf(f.Function) != ours && f.Function != "" && wanted(f.File) {
			line := append(append([]byte(f.Function), 0), f.File...)
			line = appendInt(append(line, ':'), uint64(f.Line))
			if len(text)+len(line) >= room {
				break
			}
			text = append(append(text, line...), '\n')
		}
		if !more {
			break
		}
	}
	return string(text)
}
