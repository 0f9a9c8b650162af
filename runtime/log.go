package runtime

import (
	"syscall"
	"time"
)

// AWAITTRACE=log prints a line when a goroutine reaches a probe, when it waits, and when a wait is over.

//go:norace
func logReached(sl *Slot, s *Site) { s.log(sl, "reached", 0) }

//go:norace
func logWaiting(sl *Slot, s *Site) { s.log(sl, "waiting", 0) }

//go:norace
func logPassed(sl *Slot, s *Site, since int64) { s.log(sl, "passed", nanotime()-since) }

//go:norace
func (s *Site) log(sl *Slot, phase string, d int64) {
	from := s.source()
	logLine(sl, from.file, s.Line, s.Col, s.Op, from.expr, phase, d)
}

// logEnd is logPassed for the end of a call, where only the number of the site is known.
//
//go:norace
func logEnd(sl *Slot, w *Wait) {
	if w.Site <= hdr.Sites {
		e := siteAt(w.Site)
		logLine(sl, textAt(e.File, e.FileLen), e.Line, e.Col, e.Op, textAt(e.Expr, e.ExprLen), "passed",
			nanotime()-w.Since)
	}
}

// logLine prints one line in one write, so that lines of goroutines do not mix:
//
//	awaittrace: 0.012345s goroutine 7 /src/main.go:12:5 lock mu.Lock() passed after 1.5s
//
//go:norace
func logLine(sl *Slot, file string, line, col int32, op Op, expr, phase string, d int64) {
	b := make([]byte, 0, 256)
	b = append(b, "awaittrace: "...)
	b = appendSeconds(b, nanotime()-hdr.Start)
	b = append(b, "s goroutine "...)
	b = appendInt(b, sl.Goid)
	b = append(b, ' ')
	b = append(b, file...)
	b = append(b, ':')
	b = appendInt(b, uint64(line))
	b = append(b, ':')
	b = appendInt(b, uint64(col))
	b = append(b, ' ')
	b = append(b, op.String()...)
	b = append(b, ' ')
	b = append(b, expr...)
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
