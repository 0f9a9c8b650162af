package runtime

import (
	"syscall"
	"time"
)

// AWAITTRACE=log prints a line when a goroutine reaches a probe, when it waits, and when a wait is over.

//go:norace
func logReached(sl *Slot, s *Site) { logLine(sl, s, "reached", 0) }

//go:norace
func logWaiting(sl *Slot, s *Site) { logLine(sl, s, "waiting", 0) }

//go:norace
func logPassed(sl *Slot, s *Site, since int64) { logLine(sl, s, "passed", nanotime()-since) }

// logEnd is logPassed for the end of a call, where only the number of the site is known.
//
//go:norace
func logEnd(sl *Slot, w *Wait) {
	if w.Site <= hdr.Sites {
		logPassed(sl, siteOf(w.Site), w.Since)
	}
}

// logLine prints one line in one write, so that lines of goroutines do not mix:
//
//	awaittrace: 0.012345s goroutine 7 /src/main.go:12:5 lock mu.Lock() passed after 1.5s
//
//go:norace
func logLine(sl *Slot, s *Site, phase string, d int64) {
	b := make([]byte, 0, 256)
	b = append(b, "awaittrace: "...)
	b = appendSeconds(b, nanotime()-hdr.Start)
	b = append(b, "s goroutine "...)
	b = appendInt(b, sl.Goid)
	b = append(b, ' ')
	b = append(b, s.File...)
	b = append(b, ':')
	b = appendInt(b, uint64(s.Line))
	b = append(b, ':')
	b = appendInt(b, uint64(s.Col))
	b = append(b, ' ')
	b = append(b, s.Op.String()...)
	b = append(b, ' ')
	b = append(b, s.Expr...)
	b = append(b, ' ')
	b = append(b, phase...)
	if d > 0 {
		b = append(b, " after "...)
		b = append(b, time.Duration(d).String()...)
	}
	b = append(b, '\n')
	syscall.Write(syscall.Stderr, b)
}

// appendSeconds appends ns as seconds with six digits after the point.
func appendSeconds(b []byte, ns int64) []byte {
	us := uint64(ns / 1000)
	b = appendInt(b, us/1e6)
	b = append(b, '.')
	for unit := uint64(1e5); unit > 0; unit /= 10 {
		b = append(b, byte('0'+us/unit%10))
	}
	return b
}

func appendInt(b []byte, n uint64) []byte {
	if n >= 10 {
		b = appendInt(b, n/10)
	}
	return append(b, byte('0'+n%10))
}
